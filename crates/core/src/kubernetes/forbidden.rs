//! What an API server refused to a process of Flink's, from the lines of its log: `pods is forbidden: User
//! "system:serviceaccount:flink:default" cannot list resource "pods" in API group "" in the namespace "flink"`, as
//! Kubernetes' RBAC authorizer words it (`apiserver/pkg/endpoints/handlers/responsewriters`).

use std::fmt;

use crate::words::refusal as words;

/// Who may not do what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forbidden {
    /// `system:serviceaccount:NAMESPACE:NAME`, or a name of another kind; `None` where the log does not say it.
    pub user: Option<String>,
    /// What was refused, each once: a verb and a resource.
    pub what: Vec<(String, String)>,
}

/// All that was refused, by user, in the order of the lines; empty where nothing was.
pub fn find(log: &str) -> Vec<Forbidden> {
    let mut all: Vec<Forbidden> = Vec::new();
    for (user, verb, resource) in
        log.lines().filter_map(|line| of_line(line).or_else(|| of_watch(line)))
    {
        let user = user.map(str::to_owned);
        let what = (verb.to_owned(), resource.to_owned());
        match all.iter_mut().find(|one| one.user == user) {
            Some(known) if known.what.contains(&what) => {}
            Some(known) => known.what.push(what),
            None => all.push(Forbidden { user, what: vec![what] }),
        }
    }
    all
}

/// User, verb and resource of a line that describes a refusal.
fn of_line(line: &str) -> Option<(Option<&str>, &str, &str)> {
    let (_, rest) = line.split_once(" is forbidden: User \"")?;
    let (user, rest) = rest.split_once("\" cannot ")?;
    let (verb, rest) = rest.split_once(" resource \"")?;
    let (resource, _) = rest.split_once('"')?;
    (!user.is_empty() && !verb.contains(' ')).then_some((Some(user), verb, resource))
}

/// The same of a refused watch: that is asked for as a websocket, of whose refusal Fabric8's client since 6 tells only
/// the address and `Forbidden`: `GET at: https://10.96.0.1/api/v1/namespaces/flink/pods?labelSelector=x&watch=true.
/// Message: Forbidden.`
fn of_watch(line: &str) -> Option<(Option<&str>, &str, &str)> {
    let (_, rest) = line.split_once("GET at: ")?;
    let (address, _) = rest.split_once(". Message: Forbidden")?;
    let (path, query) = address.split_once('?')?;
    let (_, resource) = path.rsplit_once('/')?;
    let is_watch = query.split('&').any(|part| part == "watch=true");
    (is_watch && !resource.is_empty()).then_some((None, "watch", resource))
}

impl fmt::Display for Forbidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&words::may_not(self.user.as_deref(), &self.what))
    }
}

/// The refusals of a log in one sentence; `None` where there are none.
pub fn told(log: &str) -> Option<String> {
    let all: Vec<String> = find(log).iter().map(ToString::to_string).collect();
    (!all.is_empty()).then(|| all.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(log: &str, expected: Option<&str>) {
        assert_eq!(told(log).as_deref(), expected);
    }

    /// A line as the 403 of a real API server is in the log of a JobManager.
    fn line(verb: &str, resource: &str) -> String {
        format!(
            "Caused by: io.fabric8.kubernetes.client.KubernetesClientException: Failure executing: GET at: \
             https://10.0.0.1/api/v1/namespaces/flink/{resource}. Message: {resource} is forbidden: User \
             \"system:serviceaccount:flink:default\" cannot {verb} resource \"{resource}\" in API group \"\" in the \
             namespace \"flink\". Received status: Status(apiVersion=v1, code=403, message={resource} is forbidden: User \
             \"system:serviceaccount:flink:default\" cannot {verb} resource \"{resource}\" in API group \"\")\n"
        )
    }

    #[test]
    fn refusals_once_and_in_order() {
        let pods = line("list", "pods");
        let account = "ServiceAccount `default` of namespace `flink` may not";
        check(&pods, Some(&format!("{account} list pods")));
        let both = [&pods, "other words\n", &line("create", "configmaps"), &pods].concat();
        check(&both, Some(&format!("{account} list pods, create configmaps")));
    }

    #[test]
    fn users_that_are_not_accounts() {
        let log = "pods is forbidden: User \"jane\" cannot get resource \"pods\"";
        check(log, Some("`jane` may not get pods"));
    }

    #[test]
    fn refused_watches() {
        let watch = |query: &str, message: &str| {
            format!(
                "Caused by: io.fabric8.kubernetes.client.KubernetesClientException: Received 403 on websocket. Failure \
                 executing: GET at: https://10.0.0.1:443/api/v1/namespaces/flink/pods?{query}. Message: {message}.\n"
            )
        };
        let refused =
            watch("labelSelector=app%3Da&allowWatchBookmarks=true&watch=true", "Forbidden");
        let told = "the ServiceAccount of its pods may not watch pods";
        check(&refused, Some(told));
        let both = format!("{}{refused}{refused}", line("create", "pods"));
        let account = "ServiceAccount `default` of namespace `flink` may not create pods";
        check(&both, Some(&format!("{account}; {told}")));
        check(&watch("watch=true", "Gone"), None);
        check(&watch("labelSelector=x", "Forbidden"), None);
    }

    #[test]
    fn other_lines() {
        check("", None);
        check("x is forbidden: exceeded quota", None);
        check("x is forbidden: User \"a\" cannot", None);
        check("x is forbidden: User \"\" cannot get resource \"pods\"", None);
    }
}
