//! Sync groups.

use super::{About, Label, List};
use crate::{Cause, Fault, Group, Instance, State};

impl About<'_> {
    pub(super) fn group(self, group: &Group, list: &mut List) {
        let since = self.since(group.since);
        list.say(Label::State, format!("sync group {} is {}{since}.", group.name, group.state));
        let members: Vec<&Instance> = group
            .members
            .iter()
            .filter_map(|name| self.status.instances.iter().find(|instance| instance.name == *name))
            .collect();
        let followed =
            |cause: &Cause| matches!(cause, Cause::Group { .. } | Cause::Fault(Fault::Member { .. }));
        for member in &members {
            if let Some(cause) = member.cause.as_ref().filter(|cause| !followed(cause)) {
                list.say(Label::Because, format!("{} is {}: {cause}", member.name, member.state));
            }
        }
        for member in &members {
            list.say(
                Label::Member,
                format!("{} is {}{}", member.name, member.state, self.since(member.since)),
            );
        }
        let missing = group.members.iter().filter(|name| !members.iter().any(|member| member.name == **name));
        missing.for_each(|name| list.say(Label::Problem, format!("there is no instance {name}")));
        list.say(
            Label::TakesOver,
            match group.state {
                State::Fault => "not before every member can take part",
                State::Master => "it serves; all members step down when one does",
                _ => "when every member can take part and the wait of the last one is over",
            },
        );
    }
}
