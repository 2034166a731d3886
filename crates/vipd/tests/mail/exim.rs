//! The mailer process against a real mail server.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use keepalived_conf::model::mail::{MailAuth, MailTls};
use rcgen::{CertificateParams, KeyPair};
use smtp_submit::{DeliveryStatus, Failure, Step};

use crate::common::{eventually, skip};
use crate::process::{TEXT, deliver, to};

const EXIM: &str = "/usr/sbin/exim4";

/// Everything of it is in the directory that `DIR` stands for.
const CONFIGURATION: &str = r"
primary_hostname = mx.example.org
exim_user = root
exim_group = root
spool_directory = DIR/spool
log_file_path = DIR/log-%s
pid_file_path = DIR/exim.pid
daemon_smtp_ports = PORT
local_interfaces = 127.0.0.1
keep_environment =
host_lookup =
rfc1413_hosts =
tls_advertise_hosts = *
tls_certificate = DIR/certificate.pem
tls_privatekey = DIR/key.pem
auth_advertise_hosts = *
acl_smtp_rcpt = recipients
acl_smtp_data = accept
domainlist ours = example.org

begin acl
recipients:
  deny  local_parts = unknown
        message = no such user
  defer local_parts = greylisted
        message = come back later
  accept domains = +ours
  deny message = relay not permitted

begin routers
all:
  driver = accept
  domains = +ours
  local_parts = a : b
  transport = file

begin transports
file:
  driver = appendfile
  file = DIR/inbox/$local_part_data
  user = Debian-exim

begin authenticators
LOGINS
";

const PLAIN: &str = r"
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${if and{{eq{$auth2}{joe}}{eq{$auth3}{s3cret}}}}
  server_set_id = $auth2
";

const LOGIN: &str = r"
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = Username:: : Password::
  server_condition = ${if and{{eq{$auth1}{joe}}{eq{$auth2}{s3cret}}}}
  server_set_id = $auth1
";

/// A running exim with a directory of its own; both go with this value.
struct Exim {
    child: Child,
    directory: PathBuf,
    address: SocketAddr,
    certificate: Vec<u8>,
}

impl Exim {
    /// `None` where it cannot run, which is said.
    fn start(test: &str, logins: &str) -> Option<Self> {
        if !Path::new(EXIM).exists() {
            skip(test, &format!("{EXIM} is not installed (package exim4-daemon-light)"));
            return None;
        }
        if !nix::unistd::geteuid().is_root() {
            skip(test, "exim takes a configuration only from root");
            return None;
        }
        let directory = std::env::temp_dir().join(format!("vipd-exim-{}-{test}", std::process::id()));
        let _ = fs::remove_dir_all(&directory);
        let inbox = directory.join("inbox");
        fs::create_dir_all(&inbox).unwrap();
        fs::set_permissions(&directory, fs::Permissions::from_mode(0o755)).unwrap();
        fs::set_permissions(&inbox, fs::Permissions::from_mode(0o777)).unwrap();
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
        let certificate = params.self_signed(&key).unwrap().pem().into_bytes();
        let key_file = directory.join("key.pem");
        fs::write(directory.join("certificate.pem"), &certificate).unwrap();
        fs::write(&key_file, key.serialize_pem()).unwrap();
        fs::set_permissions(&key_file, fs::Permissions::from_mode(0o644)).unwrap();

        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let contents = CONFIGURATION
            .replace("DIR", directory.to_str().unwrap())
            .replace("PORT", &address.port().to_string())
            .replace("LOGINS", logins);
        let configuration = directory.join("exim.conf");
        fs::write(&configuration, contents).unwrap();
        fs::set_permissions(&configuration, fs::Permissions::from_mode(0o644)).unwrap();
        let mut command = Command::new(EXIM);
        command.arg("-C").arg(&configuration).arg("-bdf").stdin(Stdio::null());
        let child = command.spawn().unwrap();
        let exim = Self { child, directory, address, certificate };
        eventually("exim listens", Duration::from_secs(10), || TcpStream::connect(address).is_ok());
        Some(exim)
    }

    /// The mails of a user, once this many octets of text are there.
    fn inbox(&self, user: &str, holds: &str) -> String {
        let path = self.directory.join("inbox").join(user);
        let read = || fs::read_to_string(&path).unwrap_or_default();
        eventually(&format!("a mail for {user}"), Duration::from_secs(10), || read().contains(holds));
        read()
    }
}

impl Drop for Exim {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

fn joe(password: &str) -> MailAuth {
    MailAuth { user: "joe".to_owned(), password: password.to_owned() }
}

#[test]
fn exim_takes_a_mail_as_it_was_sent() {
    let Some(exim) = Exim::start("exim_takes_a_mail_as_it_was_sent", "") else { return };
    assert_eq!(deliver(to(exim.address)), Ok(vec![DeliveryStatus::Accepted, DeliveryStatus::Accepted]));
    for user in ["a", "b"] {
        let mail = exim.inbox(user, "last\n");
        assert!(mail.contains("Subject: news\n\n.first\nlast\n"), "{mail:?}");
        assert!(mail.contains("helo=lb1.example.org"), "{mail:?}");
    }
}

#[test]
fn exim_refuses_some_and_takes_the_others() {
    let Some(exim) = Exim::start("exim_refuses_some_and_takes_the_others", "") else { return };
    let mut delivery = to(exim.address);
    delivery.recipients = ["unknown@example.org", "greylisted@example.org", "x@example.net", "a@example.org"]
        .map(str::to_owned)
        .into();
    let fates = deliver(delivery).unwrap();
    let said = |fate: &DeliveryStatus| match fate {
        DeliveryStatus::Accepted => "taken".to_owned(),
        DeliveryStatus::Deferred(said) => format!("later {}", said.reply),
        DeliveryStatus::Rejected(said) => format!("never {}", said.reply),
    };
    assert_eq!(
        fates.iter().map(said).collect::<Vec<_>>(),
        ["never 550 no such user", "later 451 come back later", "never 550 relay not permitted", "taken"]
    );
    assert!(exim.inbox("a", "last\n").contains(&TEXT.replace("\r\n", "\n")));
}

#[test]
fn exim_takes_a_mail_over_starttls_after_a_login() {
    let test = "exim_takes_a_mail_over_starttls_after_a_login";
    for (logins, protocol) in [(PLAIN, "A=plain:joe"), (LOGIN, "A=login:joe")] {
        let Some(exim) = Exim::start(test, logins) else { return };
        let mut delivery = to(exim.address);
        delivery.server.tls = MailTls::StartTls;
        delivery.server.ca = Some(exim.certificate.clone());
        delivery.server.auth = Some(joe("s3cret"));
        assert_eq!(deliver(delivery.clone()), Ok(vec![DeliveryStatus::Accepted, DeliveryStatus::Accepted]));
        let mail = exim.inbox("a", "last\n");
        assert!(mail.contains("with esmtpsa"), "{mail:?}");
        let log = fs::read_to_string(exim.directory.join("log-main")).unwrap();
        assert!(log.contains(protocol) && log.contains("TLS1.3"), "{log}");

        delivery.server.auth = Some(joe("wrong"));
        let outcome = deliver(delivery);
        let Err(Failure::Refused(said)) = &outcome else { panic!("{outcome:?}") };
        assert_eq!((said.step, &said.reply[..3]), (Step::Login, "535"));
    }
}
