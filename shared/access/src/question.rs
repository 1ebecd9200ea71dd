//! A question in Cedar's terms: subject, action and resource as entities.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use cedar_policy::{
    ActionConstraint, Context, Entities, Entity, EntityId, EntityTypeName, EntityUid, Request,
    RestrictedExpression as Expression,
};
use kernel::{Facts, Permission, Subject};

use crate::bad::BadPolicies;

/// Entity types, parsed once.
pub(crate) struct Words {
    subject: EntityTypeName,
    role: EntityTypeName,
    action: EntityTypeName,
    resource: EntityUid,
    /// The actions and their groups.
    actions: Entities,
}

/// What Cedar answers.
pub(crate) struct Question {
    pub(crate) request: Request,
    pub(crate) entities: Entities,
}

/// The question cannot be put into Cedar's terms, which no subject that was verified can cause.
#[derive(Debug, thiserror::Error)]
#[error("a question of access cannot be asked")]
pub(crate) struct Unaskable(#[source] Box<dyn std::error::Error + Send + Sync>);

type Attributes = HashMap<String, Expression>;

impl Words {
    pub(crate) fn new(schema: &cedar_policy::Schema) -> Result<Self, BadPolicies> {
        let name = |text: &str| text.parse::<EntityTypeName>().map_err(BadPolicies::whole);
        Ok(Self {
            subject: name("Subject")?,
            role: name("Role")?,
            action: name("Action")?,
            // One is asked about at a time; what it is is said by its facts.
            resource: EntityUid::from_type_name_and_id(name("Resource")?, EntityId::new("it")),
            actions: schema.action_entities().map_err(BadPolicies::whole)?,
        })
    }

    /// Whether a policy with that constraint can say anything about the permission.
    pub(crate) fn concerns(&self, constraint: &ActionConstraint, permission: Permission) -> bool {
        let action = uid(&self.action, &permission.to_string());
        let covers =
            |named: &EntityUid| *named == action || self.actions.is_ancestor_of(named, &action);
        match constraint {
            ActionConstraint::Any => true,
            ActionConstraint::Eq(named) => *named == action,
            ActionConstraint::In(named) => named.iter().any(covers),
        }
    }

    pub(crate) fn ask(
        &self,
        subject: &Subject,
        permission: Permission,
        facts: &Facts,
    ) -> Result<Question, Unaskable> {
        let who = uid(
            &self.subject,
            &format!("{}/{}", subject.tenant, subject.actor),
        );
        let what = uid(&self.action, &permission.to_string());
        let roles = subject.roles.iter();
        let roles: HashSet<_> = roles.map(|role| uid(&self.role, role.as_str())).collect();
        let person = Entity::new(who.clone(), of_subject(subject), roles);
        let thing = Entity::new(self.resource.clone(), of_facts(facts), HashSet::new());
        let entities = [person.map_err(unaskable)?, thing.map_err(unaskable)?];
        // Its groups stand in the action itself; others are not asked about.
        let action = self.actions.get(&what).cloned();
        let entities = Entities::from_entities(entities.into_iter().chain(action), None);
        let entities = entities.map_err(unaskable)?;
        let (it, none) = (self.resource.clone(), Context::empty());
        let request = Request::new(who, what, it, none, None).map_err(unaskable)?;
        Ok(Question { request, entities })
    }
}

fn unaskable(error: impl std::error::Error + Send + Sync + 'static) -> Unaskable {
    Unaskable(Box::new(error))
}

fn uid(of: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(of.clone(), EntityId::new(id))
}

fn text(text: &str) -> Expression {
    Expression::new_string(text.to_owned())
}

fn texts<'t>(texts: impl IntoIterator<Item = &'t str>) -> Expression {
    Expression::new_set(texts.into_iter().map(text))
}

fn of_subject(subject: &Subject) -> Attributes {
    let always = [
        ("tenant", text(subject.tenant.as_str())),
        ("actor", text(subject.actor.as_str())),
        ("kind", text(subject.kind.name())),
        ("issuer", text(&subject.issuer)),
        ("agent", text(&subject.agent)),
    ];
    let scope = |scope: &BTreeSet<Arc<str>>| texts(scope.iter().map(AsRef::as_ref));
    let limits = [
        ("books", subject.books.as_ref().map(scope)),
        ("accounts", subject.accounts.as_ref().map(scope)),
        ("ceiling", subject.ceiling.map(Expression::new_long)),
    ];
    let limits = limits
        .into_iter()
        .filter_map(|(name, limit)| Some((name, limit?)));
    let named = always.into_iter().chain(limits);
    named
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

fn of_facts(facts: &Facts) -> Attributes {
    let agents = facts.agents.as_ref();
    let facts = [
        ("book", facts.book.as_deref().map(text)),
        ("account", facts.account.as_deref().map(text)),
        (
            "agents",
            agents.map(|agents| texts(agents.iter().map(AsRef::as_ref))),
        ),
        ("amount", facts.amount.map(Expression::new_long)),
        ("tenant", facts.tenant.as_deref().map(text)),
    ];
    let known = facts.into_iter();
    known
        .filter_map(|(name, fact)| Some((name.to_owned(), fact?)))
        .collect()
}
