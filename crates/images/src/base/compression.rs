//! Layers as tar files: plain, gzip or zstd, told by their first bytes. Registries and archives are not always right
//! about what they name, and no tar file begins like either.

use std::io::{self, BufRead, Read};

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

/// RFC 1952, section 2.3.1.
const GZIP: &[u8] = &[0x1f, 0x8b];
/// RFC 8878, section 3.1.1.
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
/// RFC 8878, section 3.1.2: `0x184D2A50` to `0x184D2A5F`, little-endian. What can be skipped may stand first.
const SKIPPABLE: (std::ops::RangeInclusive<u8>, &[u8]) = (0x50..=0x5f, &[0x2a, 0x4d, 0x18]);

/// Whether a file that begins like this is compressed with zstd.
pub(super) fn is_zstd(start: &[u8]) -> bool {
    let (first, rest) = SKIPPABLE;
    let is_skippable = start
        .split_first()
        .is_some_and(|(byte, after)| first.contains(byte) && after.starts_with(rest));
    start.starts_with(ZSTD) || is_skippable
}

/// What is in a file, decompressed.
///
/// # Errors
/// Its start cannot be read.
pub(super) fn decompressed(mut file: impl BufRead + 'static) -> io::Result<Box<dyn Read>> {
    let start = file.fill_buf()?;
    Ok(if start.starts_with(GZIP) {
        // eStargz writes one member for each file.
        Box::new(MultiGzDecoder::new(file))
    } else if is_zstd(start) {
        Box::new(Zstd { decoder: FrameDecoder::new(), source: file, in_frame: false })
    } else {
        Box::new(file)
    })
}

/// All frames of a zstd file, one after the other, without those that can be skipped: `zstd:chunked` has many of both.
struct Zstd<R> {
    decoder: FrameDecoder,
    source: R,
    in_frame: bool,
}

impl<R: BufRead> Zstd<R> {
    /// Goes to the next frame; `false` at the end of the file.
    fn next_frame(&mut self) -> io::Result<bool> {
        while !self.source.fill_buf()?.is_empty() {
            match self.decoder.init(&mut self.source) {
                Ok(()) => return Ok(true),
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => {
                    let length = u64::from(length);
                    let skipped =
                        io::copy(&mut self.source.by_ref().take(length), &mut io::sink())?;
                    if skipped != length {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                }
                Err(error) => return Err(io::Error::other(error)),
            }
        }
        Ok(false)
    }

    /// Checks a frame that was read to its end.
    fn check(&self) -> io::Result<()> {
        let stated = self.decoder.get_checksum_from_data();
        if stated.is_some() && stated != self.decoder.get_calculated_checksum() {
            return Err(io::Error::other("a frame does not have its checksum"));
        }
        Ok(())
    }
}

impl<R: BufRead> Read for Zstd<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            if !self.in_frame {
                if !self.next_frame()? {
                    return Ok(0);
                }
                self.in_frame = true;
            }
            while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
                let one = BlockDecodingStrategy::UptoBlocks(1);
                self.decoder.decode_blocks(&mut self.source, one).map_err(io::Error::other)?;
            }
            let read = self.decoder.read(buffer)?;
            if 0 < read {
                return Ok(read);
            }
            self.check()?;
            self.in_frame = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use ruzstd::encoding::{CompressionLevel, compress_to_vec};

    use super::*;

    const LINE: &str = "to be or not to be, that is the question: to be or not to be\n";
    /// Three of these lines by `zstd -19 --check` 1.5.4.
    const BY_ZSTD: &str = "28b52ffd24b78501006282080fb03707423aee9e6560283904f281836071684d3a65\
                           aa9e7647f570f1363891b10103001708a9a0291fa19d5f08f59e8a";

    fn by_zstd() -> Vec<u8> {
        let digit = |at: usize| u8::from_str_radix(&BY_ZSTD[at..at + 2], 16).unwrap();
        (0..BY_ZSTD.len()).step_by(2).map(digit).collect()
    }

    fn skippable() -> Vec<u8> {
        [&[0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0][..], b"any"].concat()
    }

    /// Many blocks, of what does not repeat soon.
    fn long() -> String {
        (0..100_000).map(|number| format!("{number} ")).collect()
    }

    fn gzip(text: &str) -> Vec<u8> {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(text.as_bytes()).unwrap();
        gzip.finish().unwrap()
    }

    fn read(bytes: Vec<u8>) -> io::Result<String> {
        let mut text = String::new();
        // A small buffer, so that frames end in the middle of it and beyond it.
        let file = io::BufReader::with_capacity(16, io::Cursor::new(bytes));
        decompressed(file)?.read_to_string(&mut text).map(|_| text)
    }

    #[track_caller]
    fn check(parts: &[Vec<u8>], expected: &str) {
        let text = read(parts.concat()).unwrap();
        assert!(text == expected, "{} bytes instead of {}", text.len(), expected.len());
    }

    #[test]
    fn every_way_to_pack_is_read_to_its_end() {
        let lines = LINE.repeat(3);
        check(&[LINE.as_bytes().to_vec()], LINE);
        check(&[gzip(LINE)], LINE);
        check(&[gzip(LINE), gzip(&lines)], &LINE.repeat(4));
        check(&[by_zstd()], &lines);
        let long = long();
        let ours = || compress_to_vec(long.as_bytes(), CompressionLevel::Fastest);
        check(&[ours()], &long);
        check(
            &[skippable(), by_zstd(), skippable(), ours(), skippable()],
            &format!("{lines}{long}"),
        );
    }

    #[test]
    fn what_is_damaged_or_cut_off_is_an_error() {
        let whole = by_zstd();
        let mut checksum = whole.clone();
        *checksum.last_mut().unwrap() ^= 1;
        assert!(read(checksum).unwrap_err().to_string().contains("checksum"));
        for length in [6, 20, whole.len() - 1] {
            read(whole[..length].to_vec()).unwrap_err();
        }
        read([whole, skippable()[..9].to_vec()].concat()).unwrap_err();
        let gzip = gzip(LINE);
        read(gzip[..gzip.len() - 1].to_vec()).unwrap_err();
    }
}
