//! A card or bank account comes on file here. The payer's lock makes it one method per card and one default.

use super::watch_expiry;
use crate::domain::on_file::{MethodState, Stored};
use crate::domain::payer::Payer;
use crate::store::detachments::Detachment;
use crate::store::methods::{Method, Whose};
use crate::store::processor_objects::Subject;
use crate::store::unsettled::Turn;
use crate::wire::event;
use crate::{Payments, Result, store};
use ids::{ClientId, DetachmentId, MethodId, PracticeId};
use jiff::Timestamp;
use pg::{Announcement, Tx};

/// What is to be put on file, and for whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wish {
    /// Who pays with it.
    pub(super) payer: Payer,
    /// The client, or whose contact the payer is.
    pub(super) client: ClientId,
    /// It becomes the payer's default; the first one does in any case.
    pub(super) make_default: bool,
    /// The payer says that it is a health savings or flexible spending card.
    pub(super) hsa_fsa: bool,
    /// What it takes the place of.
    pub(super) replaces: Option<MethodId>,
}

/// Puts a method on file. The caller holds the payer's lock; it is written and announced with the caller's transaction.
pub(super) struct PutOnFile<'a> {
    pub(super) payments: &'a Payments,
    pub(super) practice: PracticeId,
    /// The practice's own account that it is given to; none: the installation's.
    pub(super) account: Option<&'a str>,
    pub(super) wish: Wish,
    pub(super) now: Timestamp,
}

impl PutOnFile<'_> {
    /// The same card as before is the same method, with the newer token, and on the account of now; else a new one. Either
    /// takes the place of what it replaces: as default, and under the signed form.
    pub(super) async fn put(
        &self,
        tx: &mut Tx,
        stored: Stored,
    ) -> Result<(MethodId, Vec<Announcement>)> {
        let whose = Whose::Payer(self.wish.payer);
        let methods = store::methods::list(tx, self.practice, whose).await?;
        let same = methods.iter().find(|method| {
            method.processor_method == stored.token
                || (!stored.fingerprint.is_empty() && method.fingerprint == stored.fingerprint)
        });
        if let Some(same) = same
            && !same.former
            && same.account.as_deref() != self.account
        {
            // Given to a former account, and to that of now meanwhile: it stays there.
            return Ok((same.method, Vec::new()));
        }
        let id = match same {
            Some(same) => same.method,
            None => MethodId::new(&self.payments.clock),
        };
        let others = || methods.iter().filter(|method| method.method != id);
        let replaced = others().find(|method| Some(method.method) == self.wish.replaces);
        let default = methods.iter().find(|method| method.is_default);
        let is_default = self.wish.make_default
            || default.is_none_or(|default| {
                default.method == id
                    || replaced.is_some_and(|old| old.method == default.method)
                    // A default that cannot be charged is none.
                    || default.former
            });
        let mut events = Vec::new();
        if let Some(old) = replaced {
            events.push(self.replace(tx, old, id).await?);
        }
        let former = others()
            .filter(|method| method.is_default && is_default)
            .find(|method| Some(method.method) != replaced.map(|old| old.method));
        if let Some(former) = former {
            let former = Method {
                is_default: false,
                ..former.clone()
            };
            store::methods::update(tx, self.practice, &former, self.now).await?;
            events.push(event::method_updated(&self.payments.clock, &former));
        }
        let authorization = same
            .and_then(|same| same.authorization)
            .or_else(|| replaced.and_then(|old| old.authorization));
        let method = Method {
            is_default,
            authorization,
            hsa_fsa: self.wish.hsa_fsa || same.is_some_and(|same| same.hsa_fsa),
            ..self.method(id, &stored, same)
        };
        events.push(self.write(tx, &method, (same, replaced)).await?);
        let subject = Subject::Method(id);
        let object = (&*stored.token, self.account);
        store::processor_objects::insert(tx, self.practice, object, subject).await?;
        let given = (self.wish.payer, id);
        store::autopay_enrolments::take_over(tx, self.practice, given).await?;
        watch_expiry::begin(tx, self.payments, self.practice).await?;
        Ok((id, events))
    }

    fn method(&self, id: MethodId, stored: &Stored, same: Option<&Method>) -> Method {
        Method {
            method: id,
            payer: self.wish.payer,
            client: self.wish.client,
            kind: stored.kind,
            account: self.account.map(str::to_owned),
            former: false,
            processor_customer: stored.customer.clone().unwrap_or_default(),
            processor_method: stored.token.clone(),
            fingerprint: stored.fingerprint.clone(),
            brand: stored.brand.clone(),
            last4: stored.last4.clone(),
            expiry: stored.expiry,
            funding: stored.funding,
            hsa_fsa: self.wish.hsa_fsa,
            zip_check: stored.zip_check,
            state: MethodState::Active,
            is_default: false,
            authorization: None,
            replaced_by: None,
            create_time: same.map_or(self.now, |same| same.create_time),
        }
    }

    async fn replace(&self, tx: &mut Tx, old: &Method, new: MethodId) -> Result<Announcement> {
        let old = Method {
            state: MethodState::Removed,
            is_default: false,
            replaced_by: Some(new),
            ..old.clone()
        };
        store::methods::update(tx, self.practice, &old, self.now).await?;
        forget(tx, self.payments, self.practice, &old).await?;
        Ok(event::method_removed(&self.payments.clock, &old))
    }

    async fn write(
        &self,
        tx: &mut Tx,
        method: &Method,
        (same, replaced): (Option<&Method>, Option<&Method>),
    ) -> Result<Announcement> {
        let clock = &self.payments.clock;
        let Some(same) = same else {
            store::methods::insert(tx, self.practice, method).await?;
            return Ok(event::method_added(clock, method, replaced));
        };
        store::methods::update(tx, self.practice, method, self.now).await?;
        if same.processor_method != method.processor_method {
            forget(tx, self.payments, self.practice, same).await?;
        }
        Ok(event::method_updated(clock, method))
    }
}

/// The processor is to forget a method's token as soon as nothing in progress needs it.
pub(super) async fn forget(
    tx: &mut Tx,
    payments: &Payments,
    practice: PracticeId,
    method: &Method,
) -> Result<()> {
    let now = payments.clock.now();
    let detachment = Detachment {
        detachment: DetachmentId::new(&payments.clock),
        method: method.method,
        account: method.account.clone(),
        processor_method: method.processor_method.clone(),
    };
    let at_once = Turn {
        now,
        lease_end: now,
        due: now,
    };
    if store::detachments::insert(tx, practice, &detachment, now).await? {
        let subject = Subject::Detachment(detachment.detachment);
        store::unsettled::insert(tx, practice, subject, at_once).await?;
    }
    Ok(())
}
