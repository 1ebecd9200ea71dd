//! What a member may be given, and by whom.

use super::*;

#[test]
fn roles_add_up_and_are_taken_back() {
    member(vec![granted(&["trader"])])
        .when(accepted(grant(&["risk", "trader"])))
        .then_expect_events(vec![granted(&["risk", "trader"])]);
    member(vec![granted(&["risk", "trader"])])
        .when(accepted(withdraw(&["risk", "sales"])))
        .then_expect_events(vec![withdrawn(&["trader"])]);
}

#[test]
fn what_is_so_already_changes_nothing() {
    for (given, command) in [
        (vec![granted(&["risk"])], grant(&["risk"])),
        (vec![], grant(&[])),
        (vec![granted(&["risk"])], withdraw(&["trader"])),
        (vec![limited(&["FX"], 5)], limit(&["FX"], 5)),
        (vec![revoked(after(-5))], revoke(Some(after(-5)))),
        (vec![revoked(after(-5))], revoke(Some(after(-9)))),
    ] {
        member(given)
            .when(accepted(command))
            .then_expect_events(vec![]);
    }
}

#[test]
fn nobody_changes_their_own_roles_and_limits() {
    for command in [grant(&["admin"]), withdraw(&["risk"]), limit(&["FX"], 5)] {
        for own in [DAN, "venue:dan"] {
            member(vec![granted(&["risk"])])
                .when(by(own, command.clone()))
                .then_expect_error(MemberRejection::OwnRoles);
        }
    }
    // Whoever lost a device may revoke what is on it.
    member(vec![])
        .when(by(DAN, revoke(None)))
        .then_expect_events(vec![revoked(after(0))]);
}

#[test]
fn lists_are_bounded() {
    let names: Vec<_> = (0..33).map(|n| format!("r{n}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let many = MemberRejection::RoleLimit { asked: 33, max: 32 };
    member(vec![granted(&names[..32])])
        .when(accepted(grant(&names[32..])))
        .then_expect_error(many);
    let books: Vec<_> = (0..257).map(|n| format!("B{n}")).collect();
    let books: Vec<_> = books.iter().map(String::as_str).collect();
    member(vec![])
        .when(accepted(limit(&books[..256], 0)))
        .then_expect_events(vec![limited(&books[..256], 0)]);
    let many = MemberRejection::ScopeLimit {
        what: "books",
        asked: 257,
        max: 256,
    };
    member(vec![])
        .when(accepted(limit(&books, 0)))
        .then_expect_error(many);
    member(vec![])
        .when(accepted(limit(&["FX"], -1)))
        .then_expect_error(MemberRejection::CeilingNegative(-1));
}

#[test]
fn tokens_are_revoked_up_to_now() {
    member(vec![])
        .when(accepted(revoke(Some(after(-60)))))
        .then_expect_events(vec![revoked(after(-60))]);
    member(vec![revoked(after(-60))])
        .when(accepted(revoke(None)))
        .then_expect_events(vec![revoked(after(0))]);
    let ahead = MemberRejection::RevocationAhead(after(1));
    member(vec![])
        .when(accepted(revoke(Some(after(1)))))
        .then_expect_error(ahead);
}

#[test]
fn member_id_is_one_segment_of_a_path() {
    let mut command = accepted(grant(&["risk"]));
    command.id = "a/b".parse().unwrap();
    let bad = "a/b".parse::<crate::label::MemberId>().unwrap_err();
    member(vec![])
        .when(command)
        .then_expect_error(MemberRejection::MemberIdInvalid(bad));
}
