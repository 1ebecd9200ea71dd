//! The committed table of routes and roles, cell by cell.

use serde_json::{Value, json};

use crate::desk::{Answer, Desk};

const MATRIX: &str = include_str!("../../../../docs/access-matrix.md");
/// The table is of the tenant that may have every permission.
const MANAGES: &str = "[tenants]\nmanaged_by = \"demo\"\n";
const DOCUMENT: &str = include_str!("../../../../schemas/openapi.json");

#[tokio::test]
async fn every_role_may_what_the_table_says() {
    every_role(Desk::embedded_with(MANAGES).await).await;
}

#[tokio::test]
async fn every_role_in_production_may_what_the_table_says() {
    every_role(Desk::production_with(MANAGES).await).await;
}

async fn every_role(desk: Desk) {
    desk.books("T-1", "A1", "FX").await;
    desk.works("ann").await;
    desk.works("bob").await;
    let routes = Route::all();
    let roles = roles();
    assert!(routes.len() >= 90 && roles.len() == 9, "the table is read");
    let document: Value = serde_json::from_str(DOCUMENT).unwrap();
    let (mut asked, mut wrong) = (0, Vec::new());
    for (column, role) in roles.iter().enumerate() {
        let token = desk.token(&["--actor", "ann", "--role", role]);
        for route in &routes {
            for whose in ["ann", "bob"] {
                let Some(allowed) = route.allows(column, whose) else {
                    continue;
                };
                let answer = route.ask(&desk, &document, &token, whose).await;
                asked += 1;
                if answer.is_refused() == allowed {
                    let (method, path) = (&route.method, &route.path);
                    wrong.push(format!(
                        "{role} {method} {path} of {whose}: {}",
                        answer.body
                    ));
                } else if !allowed {
                    assert_eq!(answer.body["permission"], route.permission, "{answer:?}");
                }
            }
        }
    }
    eprintln!("{asked} cells asked, {} wrong", wrong.len());
    assert!(wrong.is_empty(), "{wrong:#?}");
    desk.discard().await;
}

/// A row of the table.
struct Route {
    method: String,
    path: String,
    /// Its caller names something that does not exist yet.
    makes: bool,
    permission: String,
    cells: Vec<String>,
}

fn rows() -> impl Iterator<Item = Vec<&'static str>> {
    let rows = MATRIX.lines().filter(|line| line.starts_with("| "));
    rows.map(|row| row.trim_matches('|').split('|').map(str::trim).collect())
}

fn roles() -> Vec<&'static str> {
    rows().next().unwrap().split_off(2)
}

impl Route {
    fn all() -> Vec<Self> {
        let rows = rows().filter(|row| row[0].starts_with('`'));
        rows.map(|row| {
            let route = row[0].split('`').nth(1).unwrap();
            let (method, path) = route.split_once(' ').unwrap();
            Self {
                method: method.to_owned(),
                path: path.to_owned(),
                makes: row[0].ends_with("(new)"),
                permission: row[1].trim_matches('`').to_owned(),
                cells: row[2..].iter().map(|cell| (*cell).to_owned()).collect(),
            }
        })
        .collect()
    }

    /// Whether Ann may, with what is Ann's or Bob's; `None` where nobody's thing is named.
    fn allows(&self, column: usize, whose: &str) -> Option<bool> {
        match (self.cells[column].as_str(), whose) {
            ("yes", _) => Some(true),
            ("", _) => Some(false),
            ("own", "ann") if self.names_agent() => Some(true),
            ("own", _) if self.makes => None,
            ("own", _) => Some(false),
            other => panic!("{other:?}"),
        }
    }

    /// Whether the thing belongs to an agent.
    fn names_agent(&self) -> bool {
        ["{agent_id}", "{conversation_id}", "/v1/conversations"]
            .iter()
            .any(|named| self.path.contains(named))
    }

    async fn ask(&self, desk: &Desk, document: &Value, token: &str, whose: &str) -> Answer {
        let path = self.place(whose);
        if self.method == "GET" {
            return desk.get(token, &path).await;
        }
        let mut body = self.body(document);
        for (field, value) in [
            ("agent_id", json!(whose)),
            ("offer_id", json!(format!("F-O-{whose}"))),
            ("dry_run", json!(true)),
        ] {
            if body.get(field).is_some() {
                body[field] = value;
            }
        }
        desk.try_to(token, &path, &body).await
    }

    fn body(&self, document: &Value) -> Value {
        if self.path == "/v1/agents/match" {
            return json!({"conversation_id": "V-ann", "dry_run": true});
        }
        let content = &document["paths"][&self.path]["post"]["requestBody"]["content"];
        let example = content["application/json"]["example"].clone();
        if example.is_object() {
            example
        } else {
            json!({})
        }
    }

    /// The path to what is theirs.
    fn place(&self, whose: &str) -> String {
        let is_offer = [":accept-offer", ":reject-offer", ":fail-offer"];
        let is_offer = is_offer.iter().any(|verb| self.path.ends_with(verb));
        let conversation = format!("{}-{whose}", if is_offer { "O" } else { "V" });
        let names = [
            ("{agent_id}", whose),
            ("{conversation_id}", &conversation),
            ("{trade_id}", "T-1"),
            ("{account}", "A1"),
            ("{book}", "FX"),
            ("{instrument}", "X"),
            ("{queue_id}", "FX-VIP"),
            ("{decision_id}", "D-1"),
            ("{tenant_id}", "acme"),
            ("{operation_id}", "OP-1"),
            ("{context}/{partition}/{offset}", "trades/0/0"),
            ("{context}", "trades"),
            ("{id}", "0197f000-0000-7000-8000-000000000000"),
        ];
        names.iter().fold(self.path.clone(), |path, (name, value)| {
            path.replace(name, value)
        })
    }
}
