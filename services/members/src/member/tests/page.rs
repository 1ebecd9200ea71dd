//! The page of the context: its table of members is what members do.

use kernel::fixtures::page::{Column, Example, Page, Row, commands, machine, refusals};

use super::*;

fn state_of(member: &Member) -> &'static str {
    if member.version() == 0 {
        "nothing known"
    } else {
        "known"
    }
}

fn columns() -> Vec<Column<Member>> {
    let known = [granted(&["risk"]), limited(&["FX"], 5), revoked(after(-9))];
    vec![
        ("nothing known", vec![Member::default()]),
        ("known", vec![folded(&known)]),
    ]
}

fn row<const N: usize>(name: &'static str, commands: [Accepted<MemberCommand>; N]) -> Row<Member> {
    let example = |command: Accepted<MemberCommand>| -> Example<Member> {
        Box::new(move |_| command.clone())
    };
    (name, commands.map(example).into())
}

fn rows() -> Vec<Row<Member>> {
    let many: Vec<_> = (0..300).map(|n| format!("n{n}")).collect();
    let many: Vec<_> = many.iter().map(String::as_str).collect();
    let own = |command| by(DAN, command);
    vec![
        row(
            "GrantRoles",
            [
                accepted(grant(&["trader"])),
                own(grant(&["admin"])),
                accepted(grant(&many)),
            ],
        ),
        row(
            "WithdrawRoles",
            [accepted(withdraw(&["risk"])), own(withdraw(&["risk"]))],
        ),
        row(
            "SetLimits",
            [
                accepted(limit(&["FX"], 7)),
                own(limit(&["FX"], 7)),
                accepted(limit(&many, 7)),
                accepted(limit(&[], -1)),
            ],
        ),
        row(
            "RevokeTokens",
            [accepted(revoke(None)), accepted(revoke(Some(after(1))))],
        ),
    ]
}

/// Written by `UPDATE_DOCS=1 cargo test -p dealerboard-members`.
#[test]
fn page_of_members_is_what_members_do() {
    let page = Page::of("members");
    page.shows("members", &machine(&columns(), &rows(), state_of));
    page.shows("commands of members", &commands::<Member>());
    page.shows("refusals of members", &refusals(MemberRejection::ALL));
}
