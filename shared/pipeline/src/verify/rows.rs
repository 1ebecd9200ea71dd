//! I0: the store itself, and every row but those of events, which a pass of their own goes through.

use super::finding::in_full;
use super::{Findings, Invariant, VerifyPorts, bound};

/// Looks at all that is stored of the contexts.
pub async fn scrub(ports: &VerifyPorts, contexts: &[&'static str], partitions: u16) -> Findings {
    let mut findings = Findings::default();
    let structure = ports.scrub.structure();
    match bound::look(|| "look at the store".to_owned(), structure).await {
        Ok(damaged) => {
            for damaged in damaged {
                findings.violation(Invariant::I0, damaged.row, damaged.why);
            }
        }
        Err(fault) => findings.uncompared(&[Invariant::I0], "the store", in_full(&fault)),
    }
    let rows = ports.scrub.rows(contexts, partitions);
    match bound::look(|| "look at every row".to_owned(), rows).await {
        Ok(found) => {
            for damaged in &found.named {
                findings.violation(Invariant::I0, &damaged.row, &damaged.why);
            }
            findings.violated += found.damaged - found.named.len() as u64;
            findings.unproven += found.unproven;
            if found.unproven > 0 {
                findings.note(format!(
                    "{} outcomes, dead letters, timers and commands were written before there were checksums: unproven",
                    found.unproven
                ));
            }
        }
        Err(fault) => findings.uncompared(&[Invariant::I0], "rows", in_full(&fault)),
    }
    findings
}
