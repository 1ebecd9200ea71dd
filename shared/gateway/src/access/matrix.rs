//! The page that says which role may use which route.

use kernel::route::IdFrom;
use kernel::{Access, Facts, Permission, Role, Standing, Subject};

use crate::page::line;
use crate::table::Table;

const HEAD: &str = "# Who may use which route\n\n\
    Made from the route table and the shipped policies (`config/policies.cedar`) by \
    `dealerboard schemas --write`; a test sends every cell to a running platform.\n\n\
    **yes**: every thing of the tenant. **own**: only what is the caller's, see \
    [access.md](access.md). Nothing: `403 NOT_ALLOWED`, which names the permission. Whatever the role, \
    another tenant's things do not exist: `404`, and no list, figure or floor has them. The limits of a \
    token (books, accounts, ceiling) come on top. What needs a permission about tenants is allowed in the \
    [managing tenant](tenants.md) alone.\n";

/// `docs/access-matrix.md` of a table: a row per route, a column per role.
#[must_use]
pub fn matrix_page(table: &Table, policies: &dyn Access, roles: &[Role]) -> String {
    let mut page = HEAD.to_owned();
    let names: Vec<_> = roles.iter().map(Role::as_str).collect();
    line(
        &mut page,
        &format!("\n| Route | Permission | {} |", names.join(" | ")),
    );
    line(
        &mut page,
        &format!("|---|---|{}", "---|".repeat(roles.len())),
    );
    for (route, permission) in routes(table) {
        let cells = roles.iter().map(|role| cell(policies, role, permission));
        let cells: Vec<_> = cells.collect();
        let row = format!("| {route} | `{permission}` | {} |", cells.join(" | "));
        line(&mut page, &row);
    }
    page
}

/// Every route that needs a permission, with its method.
fn routes(table: &Table) -> Vec<(String, Permission)> {
    let commands = table.commands().map(|(_, route)| {
        let made = match route.id {
            IdFrom::Body(_) => " (new)",
            IdFrom::Path => "",
        };
        (format!("`POST {}`{made}", route.path), route.allow)
    });
    let views = table.views().flat_map(|view| {
        let route = view.route;
        [route.path, route.list].map(|path| (format!("`GET {path}`"), route.allow))
    });
    let questions = table.questions.iter().map(|question| {
        let method = question.method.name();
        (format!("`{method} {}`", question.path), question.allow)
    });
    commands.chain(views).chain(questions).collect()
}

/// What the policies say to somebody of that role alone.
fn cell(policies: &dyn Access, role: &Role, permission: Permission) -> &'static str {
    let Some(subject) = somebody(role) else {
        return "";
    };
    match policies.standing(&subject, permission) {
        Standing::Allowed => "yes",
        Standing::Denied => "",
        Standing::Depends => {
            let own = Facts::of_agent(&subject.agent);
            if policies.decide(&subject, permission, &own).allowed {
                "own"
            } else {
                ""
            }
        }
    }
}

fn somebody(role: &Role) -> Option<Subject> {
    let (tenant, actor) = ("demo".parse().ok()?, "ann".parse().ok()?);
    Some(Subject::person(tenant, actor, vec![role.clone()]))
}
