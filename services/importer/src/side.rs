//! Which way a row goes, in the words of its source.

use std::str::FromStr;

use trades::Side;

/// `WORD=BUY` or `WORD=SELL`: what a file calls a side.
#[derive(Clone, Debug)]
pub(super) struct SideName {
    theirs: String,
    side: Side,
}

impl FromStr for SideName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (theirs, ours) = text.rsplit_once('=').ok_or("is not like WORD=BUY")?;
        Ok(Self {
            theirs: theirs.trim().to_lowercase(),
            side: known(ours.trim()).ok_or("is neither BUY nor SELL")?,
        })
    }
}

/// Reads a side by the names that were declared, or by its own.
pub(super) fn side(text: &str, names: &[SideName]) -> anyhow::Result<Side> {
    let declared = || {
        let text = text.to_lowercase();
        names.iter().find(|name| name.theirs == text)
    };
    known(text)
        .or_else(|| declared().map(|name| name.side))
        .ok_or_else(|| {
            anyhow::anyhow!("`{text}` is neither BUY nor SELL: --side declares a word for one")
        })
}

fn known(text: &str) -> Option<Side> {
    let is = |name: &str| text.eq_ignore_ascii_case(name);
    match () {
        () if is("BUY") || is("B") => Some(Side::Buy),
        () if is("SELL") || is("S") => Some(Side::Sell),
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use trades::Side;

    use super::side;

    #[test]
    fn side_is_read_in_any_case_and_by_declared_names() {
        let names = ["Kauf=BUY", "sold=s"].map(|name| name.parse().unwrap());
        let cases = [
            ("BUY", Some(Side::Buy)),
            ("buy", Some(Side::Buy)),
            ("b", Some(Side::Buy)),
            ("Sell", Some(Side::Sell)),
            ("S", Some(Side::Sell)),
            ("KAUF", Some(Side::Buy)),
            ("Sold", Some(Side::Sell)),
            ("Verkauf", None),
            ("", None),
            ("BS", None),
        ];
        for (text, expected) in cases {
            assert_eq!(side(text, &names).ok(), expected, "{text}");
        }
        assert!("Kauf=LONG".parse::<super::SideName>().is_err());
    }
}
