//! The demonstration's command line.

use std::path::PathBuf;

/// Which story.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Story {
    /// An address that two routers keep alive.
    Vrrp,
    /// Web servers behind two load balancers.
    Lvs,
}

/// Options of a story.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Options {
    pub(super) story: Story,
    /// The two files of `--config`; `None` is the built-in pair.
    pub(super) config: Option<[PathBuf; 2]>,
    /// `--fast`: VRRPv3 with adverts every 0.1 s.
    pub(super) fast: bool,
    /// Where the picture goes.
    pub(super) svg: PathBuf,
    /// Command line of the daemon, with `{conf}`; `None` is this program.
    pub(super) daemon: Option<String>,
    /// `--verbose`: the daemons' own output too.
    pub(super) verbose: bool,
    /// `--live`: the lines that change, also where the output is not a terminal.
    pub(super) live: bool,
}

/// Request of the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Request {
    /// Run the story.
    Story(Options),
    /// Print [`USAGE`].
    Help,
    /// Be the service of a router (used by the demonstration itself): name, then the sockets to answer on.
    StandIn(Vec<String>),
}

pub(super) const USAGE: &str = "\
vipd demo: two routers and a client on a virtual LAN inside this machine
vipd demo lvs: two load balancers in front of web servers (needs a kernel with IPVS)

  --config A.conf B.conf   run the story on your own two files (default: a built-in pair; not for lvs)
  --fast                   built-in pair with VRRPv3 and adverts every 0.1 s (lvs: 0.3 s, and quick checks)
  --svg PATH               where the timeline picture goes (default: vipd-demo.svg)
  --daemon 'CMD'           run another daemon; {conf} stands for its configuration file, for example
                           'keepalived -n -l -D -G -P -f {conf}' (lvs: without -P)
  --verbose                show the daemons' own log lines too
  --live                   draw the changing lines even if the output is no terminal (as inside cargo xtask vm)

Exit code: 0 all behaved, 1 it did not, 2 wrong usage or configuration, 3 no permission for namespaces or no IPVS.
";

impl Options {
    /// Name of the daemon in texts.
    pub(super) fn daemon_name(&self) -> &str {
        self.daemon.as_deref().and_then(|line| line.split_whitespace().next()).unwrap_or("vipd")
    }
}

impl Request {
    /// Reads the arguments behind `demo`.
    pub(super) fn parse(arguments: &[String]) -> Result<Self, String> {
        let mut options = Options {
            story: Story::Vrrp,
            config: None,
            fast: false,
            svg: PathBuf::from("vipd-demo.svg"),
            daemon: None,
            verbose: false,
            live: false,
        };
        let mut rest = arguments.iter().peekable();
        if rest.next_if(|word| *word == "lvs").is_some() {
            options.story = Story::Lvs;
        }
        while let Some(argument) = rest.next() {
            let mut value = || rest.next().ok_or_else(|| format!("{argument} needs a value"));
            match argument.as_str() {
                "--config" => options.config = Some([value()?.into(), value()?.into()]),
                "--fast" => options.fast = true,
                "--svg" => options.svg = value()?.into(),
                "--daemon" => options.daemon = Some(value()?.clone()),
                "--verbose" | "-v" => options.verbose = true,
                "--live" => options.live = true,
                "--help" | "-h" => return Ok(Self::Help),
                "--stand-in" => return Ok(Self::StandIn(rest.cloned().collect())),
                other => return Err(format!("unknown argument {other}")),
            }
        }
        if options.fast && options.config.is_some() {
            return Err("--fast changes the built-in pair; it cannot change your files".to_owned());
        }
        if options.story == Story::Lvs && options.config.is_some() {
            return Err("the lvs story has its own configuration".to_owned());
        }
        Ok(Self::Story(options))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Request, String> {
        Request::parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn config_takes_both_files() {
        let Ok(Request::Story(options)) = parse("--config a.conf b.conf --svg x.svg") else {
            panic!("refused")
        };
        assert_eq!(options.config, Some(["a.conf".into(), "b.conf".into()]));
        assert_eq!(options.svg, PathBuf::from("x.svg"));
        assert!(parse("--config a.conf").is_err());
    }

    #[test]
    fn the_story_is_the_first_word() {
        let Ok(Request::Story(options)) = parse("lvs --fast") else { panic!("refused") };
        assert_eq!((options.story, options.fast), (Story::Lvs, true));
        assert!(parse("--fast lvs").is_err());
        assert!(parse("lvs --config a b").is_err());
    }

    #[test]
    fn an_unknown_argument_is_refused_with_its_name() {
        assert_eq!(parse("--fats"), Err("unknown argument --fats".to_owned()));
        assert!(parse("--fast --config a b").is_err());
        assert_eq!(parse("-h"), Ok(Request::Help));
    }
}
