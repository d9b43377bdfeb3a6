//! Letting go of what a dead process has in a ZooKeeper: its session, which otherwise lasts until its timeout, and with it its leadership.
//!
//! A session may be closed by whoever knows its number and its password. The log of the process has the number; the password is
//! calculated from it (`ZooKeeperServer.generatePasswd`), the same in 3.4 to 3.9, which Flink 1.13 to 2.3 bring along.

use crate::zookeeper;

/// Ends the number in what `ClientCnxn.SendThread.onConnected` logs at INFO: `… complete on server …, session id = 0x…, negotiated
/// timeout = …`, up to 3.5 `sessionid = 0x…`.
const NUMBER_ENDS: &str = ", negotiated timeout = ";

/// `ZooKeeperServer.superSecret`.
const SUPER_SECRET: u64 = 0xB341_5C00;

/// `java.util.Random`: multiplier, addend and the bits of its state.
const RANDOM: (u64, u64, u32) = (0x5_DEEC_E66D, 0xB, 48);

/// The timeout that is asked for, milliseconds. The session is closed at once, and the server takes what it allows at least.
const TIMEOUT: i32 = 4000;

/// The sessions that a log has, oldest first.
pub fn sessions_in(log: &str) -> Vec<u64> {
    let lines = log.lines().filter_map(|line| line.split_once(NUMBER_ENDS));
    let number = |(before, _): (&str, &str)| {
        let (_, digits) = before.rsplit_once("0x")?;
        u64::from_str_radix(digits, 16).ok()
    };
    lines.filter_map(number).collect()
}

/// What takes over a session: `ConnectRequest`, with its length before it.
pub fn connect(session: u64) -> Vec<u8> {
    zookeeper::connect(session, password(session), TIMEOUT)
}

/// Whether the server has the session, by its `ConnectResponse` without its length.
pub fn has_session(answer: &[u8], session: u64) -> bool {
    // Behind protocol version and timeout. Of a session that is over, timeout and number are 0.
    session != 0 && answer.get(8..16) == Some(&session.to_be_bytes()[..])
}

/// What closes the session of a connection: `RequestHeader`, with its length before it.
pub fn close() -> Vec<u8> {
    let number = 1_i32;
    zookeeper::with_length(&[number.to_be_bytes(), zookeeper::CLOSE_SESSION.to_be_bytes()].concat())
}

/// `Random(session ^ superSecret).nextBytes`.
fn password(session: u64) -> [u8; 16] {
    let (multiplier, addend, bits) = RANDOM;
    let mask = (1_u64 << bits) - 1;
    let mut state = (session ^ SUPER_SECRET ^ multiplier) & mask;
    let mut password = [0; 16];
    for four in password.chunks_exact_mut(4) {
        state = state.wrapping_mul(multiplier).wrapping_add(addend) & mask;
        // The uppermost 32 bits, lowest byte first.
        four.copy_from_slice(&(state >> (bits - 32)).to_le_bytes()[..4]);
    }
    password
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_of_logs() {
        #[track_caller]
        fn check(log: &str, expected: &[u64]) {
            assert_eq!(sessions_in(log), expected);
        }
        let of = |words: &str, number: &str| {
            format!(
                "2026-01-01 00:00:01,000 INFO  x.ClientCnxn [] - Session establishment complete on server localhost/127.0.0.1:2181, {words} = {number}, negotiated timeout = 6000\n"
            )
        };
        check(&of("session id", "0x100010737ec0002"), &[0x100_0107_37ec_0002]);
        check(&of("sessionid", "0x1"), &[1]);
        let granted = "INFO x.ResourceManagerServiceImpl [] - Resource manager service is granted leadership with session id 66113e0a.\n";
        check(&[&of("session id", "0xa"), granted, &of("session id", "0xb")].concat(), &[10, 11]);
        check(&of("session id", "0xnone"), &[]);
        check("", &[]);
    }

    #[test]
    fn requests_of_a_session() {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        // Both were accepted by the ZooKeeper 3.8 of Flink 1.20.5.
        let begins = "0000002d0000000000000000000000000000 0fa0 0100010737ec0002 00000010";
        let password = "d09b86630b205af4dab28939657ab900";
        let expected = format!("{}{password}00", begins.replace(' ', ""));
        assert_eq!(hex(&connect(0x100_0107_37ec_0002)), expected);
        assert_eq!(hex(&close()), "0000000800000001fffffff5");
    }

    #[test]
    fn an_answer_says_whether_the_session_is_there() {
        let answer = |number: u64| {
            let mut answer = [0; 36];
            answer[8..16].copy_from_slice(&number.to_be_bytes());
            answer
        };
        assert!(has_session(&answer(5), 5));
        assert!(!has_session(&answer(0), 5));
        assert!(!has_session(&answer(0), 0));
        assert!(!has_session(&[], 5));
    }
}
