//! Keys, certificates and tokens of one throw-away cluster.

use std::fs;
use std::path::Path;

use anyhow::Result;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose,
};

/// Who may do what in the cluster, by bearer token: name, groups. Tokens, because Flink's own Kubernetes client reads EC
/// client keys only with an extra library on its class path.
pub(super) const USERS: [(&str, &str, &str); 5] = [
    ("admin", "kubernetes-admin", "system:masters"),
    ("kube-controller-manager", "system:kube-controller-manager", ""),
    ("kube-scheduler", "system:kube-scheduler", ""),
    // The node authorizer knows a kubelet by this name and group.
    ("kubelet", "system:node:node", "system:nodes"),
    ("kube-proxy", "system:kube-proxy", ""),
];

/// The one node's name.
pub(super) const NODE: &str = "node";

/// Writes `ca.crt`, `apiserver.{crt,key}`, `sa.{key,pub}` and `tokens.csv` into `directory`; for the kubelet
/// `kubelet.{crt,key}`, and `kubelet-client.{crt,key}`, by which it knows the API server. `service` is the API server's
/// address among the Services, `bind` the one at which it listens.
///
/// # Errors
/// When a file cannot be written.
pub(super) fn write(directory: &Path, service: &str, bind: &str) -> Result<()> {
    fs::create_dir_all(directory)?;
    let ca_key = KeyPair::generate()?;
    let mut ca = CertificateParams::default();
    ca.distinguished_name = name("nutkin test CA");
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    fs::write(directory.join("ca.crt"), ca.self_signed(&ca_key)?.pem())?;
    private(&directory.join("ca.key"), &ca_key.serialize_pem())?;
    let issuer = Issuer::new(ca, ca_key);

    let names = ["localhost", "127.0.0.1", "kubernetes", "kubernetes.default.svc", service, bind];
    let mut server = CertificateParams::new(names.map(str::to_owned))?;
    server.distinguished_name = name("kube-apiserver");
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    sign(directory, "apiserver", &server, &issuer)?;

    let mut kubelet = CertificateParams::new(vec![NODE.to_owned(), bind.to_owned()])?;
    kubelet.distinguished_name = name("kubelet");
    kubelet.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    sign(directory, "kubelet", &kubelet, &issuer)?;

    let mut client = CertificateParams::default();
    client.distinguished_name = name("kube-apiserver-kubelet-client");
    client.distinguished_name.push(DnType::OrganizationName, "system:masters");
    client.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    sign(directory, "kubelet-client", &client, &issuer)?;

    let accounts = KeyPair::generate()?;
    private(&directory.join("sa.key"), &accounts.serialize_pem())?;
    fs::write(directory.join("sa.pub"), accounts.public_key_pem())?;

    let mut tokens = String::new();
    for (file, user, groups) in USERS {
        let token = random_hex(16)?;
        tokens.push_str(&format!("{token},{user},{file},\"{groups}\"\n"));
        private(&directory.join(format!("{file}.token")), &token)?;
    }
    private(&directory.join("tokens.csv"), &tokens)
}

fn sign(
    directory: &Path,
    file: &str,
    parameters: &CertificateParams,
    issuer: &Issuer<'_, KeyPair>,
) -> Result<()> {
    let key = KeyPair::generate()?;
    let certificate = parameters.signed_by(&key, issuer)?;
    fs::write(directory.join(format!("{file}.crt")), certificate.pem())?;
    private(&directory.join(format!("{file}.key")), &key.serialize_pem())
}

fn name(common: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common);
    name
}

fn random_hex(bytes: usize) -> Result<String> {
    use std::io::Read;
    let mut buffer = vec![0; bytes];
    fs::File::open("/dev/urandom")?.read_exact(&mut buffer)?;
    Ok(buffer.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn private(path: &Path, text: &str) -> Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut file =
        fs::File::options().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    Ok(file.write_all(text.as_bytes())?)
}
