//! Checks of real databases and directories on loopback, driven by the blocking driver. A server that is not installed
//! is skipped, aloud.

#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]
#![cfg(all(feature = "blocking", feature = "logins", feature = "tls"))]

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use lvs_health::blocking::{System, attempt};
use lvs_health::{
    Ldap, Login, Mysql, Network, Outcome, Postgresql, Prepared, Protocol, Redis, Role, Shared, Talk,
    TalkStep, Target, WeightUpdate,
};

/// A server and its folder; both go away with this.
struct Server {
    child: Child,
    folder: PathBuf,
    port: u16,
}

impl Drop for Server {
    fn drop(&mut self) {
        // PostgreSQL has children of its own, which a kill would leave behind.
        let _ = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status();
        let end = Instant::now() + Duration::from_secs(10);
        while self.child.try_wait().is_ok_and(|ended| ended.is_none()) && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("lvs-health-{name}-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// A port that was free a moment ago.
fn port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// Whether the program is there; says so if it is not.
fn is_installed(program: &str) -> bool {
    let found = Command::new("sh").args(["-c", &format!("command -v {program}")]).output().unwrap();
    if !found.status.success() {
        println!("SKIPPED {program} is not installed");
    }
    found.status.success()
}

/// Starts a server and waits until it listens.
fn start(folder: PathBuf, port: u16, command: &mut Command) -> Server {
    let log = fs::File::create(folder.join("log")).unwrap();
    command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
    let child = command.spawn().unwrap();
    let mut server = Server { child, folder, port };
    let give_up = Instant::now() + Duration::from_secs(30);
    while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
        let log = || fs::read_to_string(server.folder.join("log")).unwrap_or_default();
        assert!(Instant::now() < give_up, "the server does not listen: {}", log());
        assert!(server.child.try_wait().unwrap().is_none(), "the server ended: {}", log());
        std::thread::sleep(Duration::from_millis(20));
    }
    server
}

fn done(output: &Output) {
    assert!(output.status.success(), "{output:?}");
}

impl Server {
    fn outcome(&self, protocol: Protocol) -> Outcome {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let network = Network { target: Target::new(address, Duration::from_secs(10)), protocol };
        attempt(&Prepared::new(&network, &mut Shared::new(System)).unwrap(), 0, 0).unwrap().outcome
    }

    /// The reason of a failure.
    fn failure(&self, protocol: Protocol) -> String {
        match self.outcome(protocol) {
            Outcome::Fail(failure) => failure.to_string(),
            pass => panic!("{pass:?}"),
        }
    }
}

const PASS: Outcome = Outcome::Pass(WeightUpdate::Unchanged);

fn login(user: &str, password: &str) -> Login {
    Login { user: user.into(), password: password.into() }
}

fn redis(login: Login, role: Option<Role>) -> Protocol {
    let mut redis = Redis::default();
    (redis.login, redis.role) = (login, role);
    Protocol::Redis(redis.into())
}

fn mysql(login: Login) -> Protocol {
    let mut mysql = Mysql::default();
    mysql.login = login;
    Protocol::Mysql(mysql)
}

fn postgresql(login: Login, role: Option<Role>) -> Protocol {
    let mut postgresql = Postgresql::default();
    (postgresql.login, postgresql.role, postgresql.database) = (login, role, "postgres".into());
    Protocol::Postgresql(postgresql.into())
}

fn ldap(login: Login) -> Protocol {
    let mut ldap = Ldap::default();
    ldap.login = login;
    Protocol::Ldap(ldap)
}

#[test]
fn redis_answers_with_its_role_and_refuses_a_wrong_password() {
    if !is_installed("redis-server") {
        return;
    }
    let (folder, port) = (folder("redis"), port());
    let mut command = Command::new("redis-server");
    command.args([
        "--bind",
        "127.0.0.1",
        "--port",
        &port.to_string(),
        "--save",
        "",
        "--requirepass",
        "secret",
    ]);
    let server = start(folder.clone(), port, command.current_dir(&folder));
    assert_eq!(server.outcome(redis(login("", "secret"), None)), PASS);
    assert_eq!(server.outcome(redis(login("default", "secret"), Some(Role::Primary))), PASS);
    let failure = server.failure(redis(login("", "secret"), Some(Role::Replica)));
    assert_eq!(failure, "the server is a primary, not a replica");
    let failure = server.failure(redis(login("", ""), None));
    assert_eq!(failure, "Redis refuses: NOAUTH Authentication required.");
    let failure = server.failure(redis(login("", "wrong"), None));
    assert!(failure.starts_with("Redis refuses: WRONGPASS"), "{failure}");

    let send = |text: &str| TalkStep::Send(text.as_bytes().to_vec());
    let expect = |text: &str| TalkStep::Expect(text.as_bytes().to_vec());
    let steps = [send("AUTH secret\r\n"), expect("+OK"), send("PING\r\n"), expect("+PONG")];
    assert_eq!(server.outcome(Protocol::Talk(Talk::new(steps).into())), PASS);
    let steps = [send("PING\r\n"), expect("+PONG")];
    let talk = Talk::new(steps);
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, server.port));
    let target = Target::new(address, Duration::from_millis(300));
    let network = Network { target, protocol: Protocol::Talk(talk.into()) };
    let prepared = Prepared::new(&network, &mut Shared::default()).unwrap();
    let Outcome::Fail(failure) = attempt(&prepared, 0, 0).unwrap().outcome else {
        panic!("it is not logged in")
    };
    assert_eq!(failure.to_string(), "timeout while waiting for the expected answer");
}

#[test]
fn mariadb_takes_a_login_and_refuses_a_wrong_password() {
    if !is_installed("mariadbd") || !is_installed("mariadb-install-db") {
        return;
    }
    let (folder, port) = (folder("mariadb"), port());
    let data = format!("--datadir={}", folder.join("data").display());
    let socket = format!("--socket={}", folder.join("socket").display());
    let mut install = Command::new("mariadb-install-db");
    install.args(["--no-defaults", "--auth-root-authentication-method=normal", "--user=root", &data]);
    done(&install.output().unwrap());
    let mut command = Command::new("mariadbd");
    command.args(["--no-defaults", "--user=root", "--bind-address=127.0.0.1", "--skip-name-resolve"]);
    let server = start(folder, port, command.args([&data, &socket, &format!("--port={port}")]));
    let sql = "CREATE USER lb@'127.0.0.1' IDENTIFIED BY 'secret'; CREATE USER bare@'127.0.0.1';";
    done(
        &Command::new("mariadb").args(["--no-defaults", &socket, "-u", "root", "-e", sql]).output().unwrap(),
    );

    assert_eq!(server.outcome(mysql(login("", ""))), PASS);
    assert_eq!(server.outcome(mysql(login("lb", "secret"))), PASS);
    assert_eq!(server.outcome(mysql(login("bare", ""))), PASS);
    let failure = server.failure(mysql(login("lb", "wrong")));
    assert!(failure.starts_with("MySQL refuses: Access denied for user 'lb'@'127.0.0.1'"), "{failure}");
}

/// Runs a command as the user that PostgreSQL wants: not as root.
fn as_postgres(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(program);
    command
}

#[test]
fn postgresql_takes_each_kind_of_login_and_says_its_role() {
    let programs = fs::read_dir("/usr/lib/postgresql").ok().and_then(|mut versions| versions.next());
    let Some(Ok(programs)) = programs else {
        println!("SKIPPED postgresql is not installed");
        return;
    };
    let programs = programs.path().join("bin");
    let (folder, port) = (folder("postgresql"), port());
    done(&Command::new("chown").arg("postgres").arg(&folder).output().unwrap());
    let data = folder.join("data");
    let mut init = as_postgres(&programs.join("initdb"));
    done(&init.args(["--auth=trust", "--no-sync", "-D"]).arg(&data).output().unwrap());
    let rules = "local all all trust\nhost all md5user 127.0.0.1/32 md5\nhost all plain 127.0.0.1/32 password\n\
                 host all trusted 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n";
    fs::write(data.join("pg_hba.conf"), rules).unwrap();
    let mut command = as_postgres(&programs.join("postgres"));
    command.arg("-D").arg(&data).args(["-h", "127.0.0.1", "-p", &port.to_string(), "-k"]).arg(&folder);
    let server = start(folder.clone(), port, &mut command);
    let sql = "CREATE ROLE lb LOGIN PASSWORD 'secret'; CREATE ROLE plain LOGIN PASSWORD 'secret'; \
               CREATE ROLE trusted LOGIN; SET password_encryption = 'md5'; \
               CREATE ROLE md5user LOGIN PASSWORD 'secret';";
    let mut psql = as_postgres(&programs.join("psql"));
    psql.arg("-h").arg(&folder).args(["-p", &port.to_string(), "-d", "postgres", "-c", sql]);
    // It listens before it takes logins.
    let end = Instant::now() + Duration::from_secs(20);
    while !psql.output().unwrap().status.success() {
        assert!(Instant::now() < end, "{:?}", psql.output());
        std::thread::sleep(Duration::from_millis(50));
    }

    for user in ["lb", "md5user", "plain", "trusted"] {
        assert_eq!(server.outcome(postgresql(login(user, "secret"), None)), PASS, "{user}");
        assert_eq!(server.outcome(postgresql(login(user, "secret"), Some(Role::Primary))), PASS, "{user}");
    }
    assert_eq!(server.outcome(postgresql(login("lb", ""), None)), PASS, "it asks for a password");
    let failure = server.failure(postgresql(login("lb", "secret"), Some(Role::Replica)));
    assert_eq!(failure, "the server is a primary, not a replica");
    for user in ["lb", "md5user", "plain"] {
        let failure = server.failure(postgresql(login(user, "wrong"), None));
        let expected = format!("PostgreSQL refuses: password authentication failed for user \"{user}\"");
        assert_eq!(failure, expected);
    }
}

#[test]
fn an_ldap_server_takes_a_bind_and_refuses_a_wrong_password() {
    if !is_installed("slapd") {
        return;
    }
    let (folder, port) = (folder("slapd"), port());
    let configuration = format!(
        "include /etc/ldap/schema/core.schema\ndatabase ldif\ndirectory {}\nsuffix dc=example\nrootdn cn=lb,dc=example\nrootpw secret\n",
        folder.display()
    );
    fs::write(folder.join("slapd.conf"), configuration).unwrap();
    let mut command = Command::new("slapd");
    command.args(["-d", "0", "-h", &format!("ldap://127.0.0.1:{port}"), "-f"]);
    command.arg(folder.join("slapd.conf"));
    let server = start(folder, port, &mut command);
    assert_eq!(server.outcome(ldap(login("", ""))), PASS);
    assert_eq!(server.outcome(ldap(login("cn=lb,dc=example", "secret"))), PASS);
    let failure = server.failure(ldap(login("cn=lb,dc=example", "wrong")));
    assert_eq!(failure, "LDAP refuses: result code 49");
}
