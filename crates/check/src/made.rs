//! Objects that commands beside the files make: they are in the cluster without being in a file.

use super::commands;
use super::path::joined;
use super::source::File;

/// What commands make.
#[derive(Debug, Default)]
pub(super) struct Made {
    /// Kinds and names; a name may have variables of a shell.
    objects: Vec<(String, String)>,
    /// Accounts that are given rights.
    bound: Vec<String>,
    /// Addresses and files that are applied and are not among the files.
    applied: Vec<String>,
}

/// What `kubectl create` calls kinds, and whether a further word says which of them (`kubectl create --help`).
const KINDS: [(&[&str], &str, bool); 9] = [
    (&["configmap", "cm"], "ConfigMap", false),
    (&["secret"], "Secret", true),
    (&["serviceaccount", "sa"], "ServiceAccount", false),
    (&["role"], "Role", false),
    (&["clusterrole"], "ClusterRole", false),
    (&["rolebinding"], "RoleBinding", false),
    (&["clusterrolebinding"], "ClusterRoleBinding", false),
    (&["service", "svc"], "Service", true),
    (&["deployment", "deploy"], "Deployment", false),
];

/// Flags of kubectl whose value is the next word; those of its commands are mostly written with `=`.
const WITH_VALUE: [&str; 8] =
    ["-n", "--namespace", "--context", "--kubeconfig", "-f", "--filename", "-o", "--output"];

/// Shortest name that, inside an address, says what is there.
const SHORTEST: usize = 4;

impl Made {
    /// Looks through all files with commands.
    pub(super) fn of(files: &[File]) -> Self {
        let mut made = Self::default();
        for file in files.iter().filter(|file| commands::has_commands(file)) {
            let directory = commands::directory(file);
            for line in commands::lines(&file.text) {
                for words in commands::words(&line) {
                    made.command(&words, files, &directory);
                }
            }
            made.inline(&file.text);
        }
        made
    }

    /// Whether an object is made, or may be by what is not among the files.
    pub(super) fn has(&self, kind: &str, name: &str) -> bool {
        let is_it = |(of, word): &(String, String)| of == kind && fits(word, name);
        self.objects.iter().any(is_it) || self.applied.iter().any(|from| is_about(from, kind, name))
    }

    /// Whether an account is given rights.
    pub(super) fn binds(&self, account: &str) -> bool {
        self.bound.iter().any(|word| fits(word, account))
            || self.applied.iter().any(|from| is_about(from, "RoleBinding", account))
    }

    fn command(&mut self, words: &[&str], files: &[File], directory: &str) {
        let is_client = |word: &&str| {
            let word = word.to_ascii_lowercase();
            word.contains("kubectl") || matches!(word.trim_start_matches('@'), "oc")
        };
        let Some(at) = words.iter().position(is_client) else { return };
        let (mut plain, mut flags) = (Vec::new(), Vec::new());
        let mut rest = words[at + 1..].iter().copied();
        while let Some(word) = rest.next() {
            match word.split_once('=') {
                Some((flag, value)) if word.starts_with('-') => flags.push((flag, value)),
                _ if WITH_VALUE.contains(&word)
                    || matches!(word, "--name" | "--serviceaccount") =>
                {
                    flags.push((word, rest.next().unwrap_or_default()));
                }
                _ if word.starts_with('-') => {}
                _ => plain.push(word),
            }
        }
        let values = |names: &'static [&str]| {
            let all = flags.iter().filter(move |(flag, _)| names.contains(flag));
            all.map(|(_, value)| value.trim_matches(['"', '\'']))
        };
        match plain.split_first() {
            Some((&"create", [kind, names @ ..])) => {
                let known = KINDS.iter().find(|(words, ..)| words.contains(kind));
                if let Some((_, kind, is_divided)) = known {
                    let name = names.get(usize::from(*is_divided)).copied().unwrap_or_default();
                    self.objects.push(((*kind).to_owned(), name.to_owned()));
                }
                let accounts = values(&["--serviceaccount"]);
                let accounts = accounts.map(|one| one.rsplit(':').next().unwrap_or(one).to_owned());
                self.bound.extend(accounts);
            }
            Some((&"expose", resource)) => {
                let of = resource.last().map(|one| one.rsplit('/').next().unwrap_or(one));
                if let Some(name) = values(&["--name"]).next().or(of) {
                    self.objects.push(("Service".to_owned(), name.to_owned()));
                }
            }
            _ => {}
        }
        if let Some(&"create" | &"apply" | &"replace") = plain.first() {
            let named = values(&["-f", "--filename"]).flat_map(|all| all.split(','));
            let is_read = |path: &str| {
                path == "-"
                    || [joined("", path), joined(directory, path)].iter().any(|path| {
                        let is_here = |file: &File| {
                            let name = joined("", &file.name);
                            name == *path
                                || name.starts_with(&format!("{path}/"))
                                || path.is_empty()
                        };
                        files.iter().any(is_here)
                    })
            };
            self.applied.extend(named.filter(|path| !is_read(path)).map(str::to_ascii_lowercase));
        }
    }

    /// Objects that a script hands over as a text of its own: `kubectl apply -f - <<END`.
    fn inline(&mut self, text: &str) {
        let mut kind = None;
        for line in text.lines().map(str::trim) {
            let value = |key: &str| Some(line.strip_prefix(key)?.trim().trim_matches(['"', '\'']));
            if let Some(found) = value("kind:") {
                kind = Some(found);
            } else if let Some((name, kind)) =
                value("name:").zip(kind.take_if(|_| line.starts_with("name:")))
            {
                self.objects.push((kind.to_owned(), name.to_owned()));
            }
        }
    }
}

/// Whether a word of a shell may become a name.
fn fits(word: &str, name: &str) -> bool {
    let Some((before, rest)) = word.split_once('$') else { return word == name };
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let last = rest.rsplit('$').next().unwrap_or(rest);
    let behind = match last.strip_prefix(['{', '(']) {
        Some(last) => last.split_once(['}', ')']).map_or("", |(_, behind)| behind),
        None => last.trim_start_matches(is_of_name),
    };
    before.len() + behind.len() <= name.len() && name.starts_with(before) && name.ends_with(behind)
}

/// Whether what is applied from elsewhere, by its address or path in small letters, may have an object.
fn is_about(from: &str, kind: &str, name: &str) -> bool {
    let words: &[&str] = match kind {
        "ServiceAccount" | "Role" | "ClusterRole" | "RoleBinding" => &["rbac", "role", "account"],
        "ConfigMap" => &["config"],
        "Secret" => &["secret"],
        "PersistentVolumeClaim" => &["pvc", "volume", "claim", "storage"],
        _ => &[],
    };
    from.contains("flink")
        || SHORTEST <= name.len() && from.contains(&name.to_ascii_lowercase())
        || words.iter().any(|word| from.contains(word))
}

#[cfg(test)]
mod tests {
    use super::Made;
    use crate::source::{File, Input};

    fn made(name: &str, text: &str) -> Made {
        let input = |name: &str, text: &str| Input { name: name.to_owned(), text: text.to_owned() };
        let all = [input(name, text), input("k8s/flink.yaml", "apiVersion: v1\nkind: Pod\n")];
        let files: Vec<File> = all.iter().map(File::new).collect();
        Made::of(&files)
    }

    #[test]
    fn objects_that_commands_make() {
        #[track_caller]
        fn check(line: &str, kind: &str, name: &str, expected: bool) {
            assert_eq!(made("up.sh", &format!("{line}\n")).has(kind, name), expected, "{line}");
        }
        let map = "kubectl -n shop create configmap flink-config --from-file=conf/ --dry-run=client -o yaml | kubectl apply -f -";
        check(map, "ConfigMap", "flink-config", true);
        check(map, "ConfigMap", "flink-conf", false);
        check(map, "Secret", "flink-config", false);
        check("# kubectl create cm flink-config", "ConfigMap", "flink-config", false);
        check("echo create configmap flink-config", "ConfigMap", "flink-config", false);
        check("oc create secret generic s3 --from-env-file=x", "Secret", "s3", true);
        check("kubectl create cm \"$NAME-config\"", "ConfigMap", "shop-config", true);
        check("kubectl create cm ${NAME}-config", "ConfigMap", "shop-conf", false);
        check("kubectl create sa $1", "ServiceAccount", "flink", true);
        check("kubectl expose deployment/jm --port=6123", "Service", "jm", true);
        check("kubectl expose deployment jm --name jobs --port=1", "Service", "jobs", true);
        check("kubectl create service clusterip jobs --tcp=1", "Service", "jobs", true);
        check("kubectl apply -f https://x.example/flink/all.yaml", "Role", "flink", true);
        check("kubectl apply -f https://x.example/rbac.yaml", "Role", "jobs", true);
        check("kubectl apply -f https://x.example/cert-manager.yaml", "Role", "jobs", false);
        check("kubectl apply -f k8s/flink.yaml", "ConfigMap", "flink-config", false);
        check("kubectl apply -f k8s", "ConfigMap", "flink-config", false);
        check("kubectl delete -f ../flink.yaml", "ConfigMap", "flink-config", false);
        let own = "kubectl apply -f - <<END\nkind: ConfigMap\nmetadata:\n  name: jobs\nEND";
        check(own, "ConfigMap", "jobs", true);
        check(own, "ConfigMap", "job", false);
    }

    #[test]
    fn accounts_that_commands_give_rights() {
        #[track_caller]
        fn check(text: &str, expected: bool) {
            assert_eq!(made("Makefile", text).binds("flink"), expected, "{text}");
        }
        check(
            "up:\n\t@kubectl create rolebinding a --role=b --serviceaccount=default:flink\n",
            true,
        );
        check(
            "up:\n\t$(KUBECTL) create clusterrolebinding a --clusterrole=edit \\\n\t  --serviceaccount $(NS):flink\n",
            true,
        );
        check(
            "up:\n\tkubectl create rolebinding a --role=b --serviceaccount=default:other\n",
            false,
        );
    }
}
