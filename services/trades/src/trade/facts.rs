//! What policies may ask of a trade.

use kernel::{Decimal, Facts};

use super::command::{NewTerms, TradeCommand};
use super::summary::TradeSummary;

/// What a command asks for.
pub(super) fn asked(command: &TradeCommand) -> Facts {
    use TradeCommand as C;
    match command {
        C::BookTrade(terms) => terms_of(terms),
        C::AmendTrade(amend) => terms_of(&amend.terms),
        C::RecordFill(_)
        | C::CancelTrade(_)
        | C::CorrectFill(_)
        | C::BustFill(_)
        | C::SettleBreak(_)
        | C::NoteRefusal(_) => Facts::default(),
    }
}

fn terms_of(terms: &NewTerms) -> Facts {
    let factors = [
        terms.quantity.get(),
        terms.price.get(),
        terms.multiplier.get(),
    ];
    Facts {
        book: Some(terms.book.as_str().into()),
        account: Some(terms.account.as_str().into()),
        amount: Some(amount(factors)),
        ..Facts::default()
    }
}

/// The trade as it is. What only cancels adds no amount to it.
pub(super) fn stored(trade: &TradeSummary, command: Option<&TradeCommand>) -> Facts {
    let factors = [trade.quantity, trade.price.get(), trade.multiplier.get()];
    let amount = match command {
        Some(TradeCommand::CancelTrade(_)) => 0,
        _ => amount(factors),
    };
    Facts {
        book: Some(trade.book.as_str().into()),
        account: Some(trade.account.as_str().into()),
        amount: Some(amount),
        ..Facts::default()
    }
}

/// The size of a product in whole units, rounded up; the largest number where it is beyond that.
fn amount([quantity, price, multiplier]: [Decimal; 3]) -> i64 {
    let product = quantity
        .times(price)
        .and_then(|amount| amount.times(multiplier));
    let Ok(product) = product.map(Decimal::abs) else {
        return i64::MAX;
    };
    let whole = product.rounded(0);
    let below = i64::from(whole < product);
    let whole: i64 = whole.to_string().parse().unwrap_or(i64::MAX);
    whole.saturating_add(below)
}

#[cfg(test)]
mod tests {
    use super::amount;

    #[test]
    fn amount_is_whole_units_rounded_up() {
        let of = |factors: [&str; 3]| amount(factors.map(|text| text.parse().unwrap()));
        assert_eq!(of(["100", "181.50", "1"]), 18_150);
        assert_eq!(of(["3", "0.1", "1"]), 1);
        assert_eq!(of(["1", "2.5", "1"]), 3);
        assert_eq!(of(["1", "3.5", "1"]), 4);
        assert_eq!(of(["2", "-36.98", "1000"]), 73_960);
        assert_eq!(of(["0", "5", "1"]), 0);
        let most = "999999999999999999.999999999999999999";
        assert_eq!(of([most, most, "1"]), i64::MAX);
        assert_eq!(of([most, most, most]), i64::MAX);
    }
}
