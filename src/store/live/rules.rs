//! Rules of the cart over the live link: set at once, or not at all.

use super::session::{Completed, Session, SessionEnd};
use super::visitors::VisitorId;
use super::{LiveEvent, Supervisor};
use crate::model::{OpId, RuleChange};
use crate::store::cart::new_op;
use crate::store::cart::rules::send_rules;
use crate::store::connection::replicas::ReplicaWait;
use crate::store::error::{Error, Trouble};

impl Session {
    /// Sends rules that a visitor sets.
    pub(super) fn set_rules(
        &mut self,
        supervisor: &mut Supervisor,
        asker: VisitorId,
        changes: Vec<RuleChange>,
    ) {
        let Some(visitor) = supervisor.visitors.get(asker) else {
            return;
        };
        let op = new_op();
        supervisor.rules_on_their_way.push((op.clone(), asker));

        let mut conn = self.conn.clone();
        let keys = supervisor.keys.clone();
        self.start(async move {
            let policy = &visitor.policy;
            let mut conn = ReplicaWait::new(&mut conn, policy.confirm_replicas);
            let outcome = send_rules(&mut conn, &keys, policy, &op, &changes).await;
            let outcome = conn.require_replicas(outcome);
            Completed::RulesSent(op, outcome)
        });
    }

    /// Tells whoever set rules what became of them.
    pub(super) fn on_rules_sent(
        &mut self,
        supervisor: &mut Supervisor,
        op: &OpId,
        outcome: Result<(), Error>,
    ) -> Result<(), SessionEnd> {
        if let Err(Error::Trouble(trouble)) = &outcome
            && trouble.is_ambiguous()
        {
            // All that are on their way are told so.
            return Err(SessionEnd::Broken(trouble.clone()));
        }
        let broken = match &outcome {
            // They are set, and another connection brings no replicas back.
            Err(Error::Trouble(Trouble::TooFewReplicas { .. })) => None,
            Err(Error::Trouble(trouble)) if supervisor.locator.is_transient(trouble) => {
                Some(trouble.clone())
            }
            Ok(()) | Err(_) => None,
        };

        let on_their_way = &mut supervisor.rules_on_their_way;
        if let Some(index) = on_their_way.iter().position(|(known, _)| known == op) {
            let (_, asker) = on_their_way.remove(index);
            supervisor.tell_one(asker, LiveEvent::RulesSet(outcome));
        }
        match broken {
            Some(trouble) => Err(SessionEnd::Broken(trouble)),
            None => Ok(()),
        }
    }
}

impl Supervisor {
    /// Refuses rules that are asked for while the link is down: nobody knows what they would meet
    /// once it is up.
    pub(super) fn refuse_rules(&mut self, asker: VisitorId) {
        let trouble = self.down.clone().unwrap_or(Trouble::Lost);
        self.tell_one(asker, LiveEvent::RulesSet(Err(trouble.into())));
    }

    /// Tells those whose rules were on their way when the link broke that they may be set.
    pub(super) fn lose_rules(&mut self, trouble: &Trouble) {
        for (op, asker) in std::mem::take(&mut self.rules_on_their_way) {
            let unknown = Error::Unknown {
                op,
                trouble: trouble.clone(),
            };
            self.tell_one(asker, LiveEvent::RulesSet(Err(unknown)));
        }
    }
}
