//! From logical lines to the [model](crate::model): the meaning of a configuration.
//!
//! Never fails: a defect is reported, keepalived's default is taken in its place, and reading goes on. Values that are
//! known only at the end of the file (defaults of `global_defs`, collisions between instances) is decided there.

mod across;
mod address;
mod arguments;
mod authentication;
mod bfd;
mod command;
mod encap;
mod finish;
mod firewall;
mod garp_elsewhere;
mod garp_group;
mod global;
mod global_daemon;
mod global_lvs;
mod hints;
mod hmac;
mod http;
mod instance;
mod interface_delays;
mod load;
mod lvs;
mod mail;
mod names;
mod option_line;
mod reader;
mod refused;
mod report;
mod rfc_mode;
mod route;
mod rule;
mod script;
mod shell;
mod statics;
mod sync_group;
mod track;
mod track_file;
mod track_process;
mod umask;
mod understood;
mod users;
mod value;
mod virtual_links;

use std::collections::{HashMap, HashSet};

use crate::diagnostic::Diagnostics;
use crate::line::Line;
use crate::lines::Lines;
use crate::model::trackers::InterfaceDelays;
use crate::model::{Command, Config, VrrpScript};
use crate::preprocess::Files;
use crate::source::Span;

use crate::keywords::word;
use bfd::Sessions;
use global::Globals;
use instance::Draft;
use lvs::Lvs;
use names::Names;
use reader::{Entry, Reader};
use report::{Part, Report};

use statics::StaticDrafts;
use sync_group::GroupDraft;
use track_file::TrackFiles;
use track_process::TrackProcesses;

pub use load::{
    InstanceProblem, Loaded, Unusable, exit_code, load, load_str, load_with_lines, load_with_places,
};

/// Everything known while the lines are read.
struct Lowering<'a> {
    reader: Reader<'a>,
    report: Report<'a>,
    globals: Globals,
    /// Where `script_user` was last set.
    script_user_at: Option<Span>,
    scripts: Vec<VrrpScript>,
    /// Where each script is defined, by name, and whether something tracks it.
    script_index: HashMap<String, (usize, Span)>,
    tracked_scripts: HashSet<usize>,
    /// Scripts that were left out because they run nothing.
    empty_scripts: HashSet<&'a str>,
    /// Every script name of the file, to tell "later" from "nowhere".
    all_scripts: HashSet<&'a str>,
    /// Instances with the place of their name.
    drafts: Vec<(Span, Box<Draft>)>,
    instance_names: HashMap<&'a str, Span>,
    sync_groups: HashMap<&'a str, Span>,
    /// Commands of keywords that nothing acts on, with the keyword.
    idle_commands: Vec<(&'static str, Command)>,
    /// Keywords seen so far, of those that may stand once and that nothing else remembers.
    written: HashSet<&'static str>,
    track_files: TrackFiles<'a>,
    track_processes: TrackProcesses<'a>,
    /// `interface_up_down_delays`
    interface_delays: Vec<InterfaceDelays>,
    /// The `bfd_instance`s read so far.
    sessions: Sessions<'a>,
    group_drafts: Vec<GroupDraft<'a>>,
    /// Everything about virtual servers.
    lvs: Lvs<'a>,
    statics: StaticDrafts<'a>,
    /// Names from iproute2's files.
    names: Names<'a>,
    /// The priority of the next rule that names none.
    free_preference: u32,
}

/// Result of reading lines.
struct Lowered {
    config: Config,
    idle_commands: Vec<(&'static str, Command)>,
    /// The first thing that makes a daemon refuse.
    problem: Option<Unusable>,
    interfaces: Vec<(String, Span)>,
}

/// Lowers logical lines to the model.
fn lower(lines: &Lines, files: &dyn Files, diagnostics: &mut Diagnostics) -> Lowered {
    let mut lowering = Lowering {
        reader: Reader::new(lines),
        report: Report::new(diagnostics),
        globals: Globals::default(),
        script_user_at: None,
        scripts: Vec::new(),
        script_index: HashMap::new(),
        tracked_scripts: HashSet::new(),
        empty_scripts: HashSet::new(),
        all_scripts: names_of_scripts(lines),
        drafts: Vec::new(),
        instance_names: HashMap::new(),
        sync_groups: HashMap::new(),
        idle_commands: Vec::new(),
        written: HashSet::new(),
        track_files: TrackFiles::default(),
        track_processes: TrackProcesses::default(),
        interface_delays: Vec::new(),
        sessions: Sessions::default(),
        group_drafts: Vec::new(),
        lvs: Lvs::default(),
        statics: StaticDrafts::default(),
        names: Names::new(files),
        free_preference: HIGHEST_FREE_PREFERENCE,
    };
    lowering.read();
    lowering.finish()
}

/// The names behind every `vrrp_script` in the file, wherever it stands.
fn names_of_scripts(lines: &Lines) -> HashSet<&str> {
    let statements = lines.iter().filter_map(|line| match line {
        Line::Words(statement) if statement.keyword() == word::VRRP_SCRIPT => Some(statement),
        _ => None,
    });
    statements.filter_map(|statement| statement.arguments().first()).map(|name| name.text).collect()
}

impl<'a> Lowering<'a> {
    /// Reads every block of the file.
    fn read(&mut self) {
        let mut root = Reader::root();
        while let Some(entry) = self.reader.next(&mut root, &mut self.report) {
            self.root_keyword(entry);
        }
        self.reader.report_cut_off(&mut self.report);
    }

    fn root_keyword(&mut self, entry: Entry<'a>) {
        match entry.keyword.name {
            word::GLOBAL_DEFS => self.global_defs(entry),
            word::VRRP_SCRIPT => self.vrrp_script(entry),
            word::VRRP_INSTANCE => self.vrrp_instance(entry),
            word::VRRP_SYNC_GROUP => self.sync_group(entry),
            word::GARP_GROUP => self.garp_group(entry),
            word::TRACK_FILE | word::VRRP_TRACK_FILE => self.track_file(entry),
            word::VRRP_TRACK_PROCESS => self.track_process(entry),
            word::INTERFACE_UP_DOWN_DELAYS => self.interface_up_down_delays(entry),
            word::BFD_INSTANCE => self.bfd_instance(entry),
            _ => {
                let Some(entry) = self.static_keyword(entry) else { return };
                if !self.lvs_keyword(entry) && !self.global_keyword(entry) {
                    self.understood(entry);
                }
            }
        }
    }

    /// Fills in what depends on the whole file.
    fn finish(mut self) -> Lowered {
        let mut unusable = None;
        let mut instances = Vec::with_capacity(self.drafts.len());
        let mut spans = Vec::with_capacity(self.drafts.len());
        for (span, mut draft) in std::mem::take(&mut self.drafts) {
            match finish::finish(&mut draft, span, &self.globals, &mut self.report) {
                Ok(instance) => {
                    instances.push(instance);
                    spans.push(span);
                }
                Err(problem) => {
                    unusable = unusable.or(Some(problem));
                    self.idle_commands.extend(draft.notify.into_commands());
                }
            }
        }
        if instances.is_empty() && unusable.is_some() {
            // They are scripts of the file all the same.
            let scripts = self.scripts.iter().map(|script| (word::SCRIPT, script.command.clone()));
            self.idle_commands.extend(scripts);
        }
        let prefixes = virtual_links::Prefixes {
            instances: self.globals.vmac_prefix.as_deref().unwrap_or("vrrp"),
            addresses: self
                .globals
                .vmac_addr_prefix
                .as_deref()
                .or(self.globals.vmac_prefix.as_deref())
                .unwrap_or("vrrp"),
        };
        virtual_links::settle(&mut instances, &spans, &prefixes, &mut self.report);
        let sync_groups = self.finish_groups(&mut instances, &spans);
        across::across_instances(&instances, &spans, &mut self.report);
        across::long_delays(&instances, &spans, &self.interface_delays, &mut self.report);
        let statics = self.finish_statics(&instances);
        let lvs = self.lvs.has_servers();
        let (virtual_servers, checks) = self.finish_virtual_servers(&instances);
        self.finish_global(&instances);
        self.note_untracked_scripts();
        let script_security = self.globals.public.script_security;
        let vrrp = !self.instance_names.is_empty();
        self.report.script_security(script_security, |part| match part {
            Part::Daemon => true,
            Part::Any => vrrp || lvs,
            Part::Vrrp => vrrp,
            Part::Lvs => lvs,
        });
        let mut config = Config {
            global: self.globals.public,
            scripts: self.scripts,
            instances,
            statics,
            sync_groups,
            virtual_servers,
            checks,
            bfd_instances: self.sessions.into_instances(),
            init_files: self.track_files.to_make,
            track_files: self.track_files.list,
            track_processes: self.track_processes.list,
            interface_delays: self.interface_delays,
        };
        users::fill_in(&mut config, &mut self.idle_commands);
        let interfaces = self.report.take_interfaces();
        Lowered { config, idle_commands: self.idle_commands, problem: unusable, interfaces }
    }
}

/// As keepalived counts.
const HIGHEST_FREE_PREFERENCE: u32 = 16384;

#[cfg(test)]
mod tests;
