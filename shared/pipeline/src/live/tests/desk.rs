//! A hub that is told trades, and streams of it that are read frame by frame.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use futures::FutureExt as _;
use kernel::{Parameters, Tenant};
use serde_json::{Value, json};
use tokio::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;
use trades::{Trade, TradeView};

use super::super::catching::Catching;
use super::super::hub::Hub;
use super::super::interest::{Interest, decode, facets};
use super::super::lane::Change;
use super::super::member::{Member, Wish};
use super::super::past::{Missed, Past};
use super::super::stream::{LiveStream, Seat};
use super::super::token::{Mask, Shape};
use super::super::{LiveSettings, NotOpened};
use crate::slices::Slices;

pub(super) const PARTITIONS: u16 = 2;

pub(super) fn settings() -> LiveSettings {
    LiveSettings {
        streams_max: 100,
        tenant_streams_max: 50,
        waiting_bytes_max: 256 << 10,
        recent_bytes_max: 64 << 20,
        resume_events_max: 1_000,
        cached_values_max: 1_000,
    }
}

/// Everything that was told, by partition.
type History = Arc<Mutex<Vec<Vec<Change>>>>;

/// A value, as its tenant reads it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Seen {
    pub(super) version: u64,
    pub(super) account: String,
}

pub(super) struct Desk {
    pub(super) hub: Arc<Hub>,
    pub(super) history: History,
    pub(super) stop: CancellationToken,
    values: BTreeMap<String, Seen>,
}

impl Desk {
    pub(super) fn new(settings: LiveSettings) -> Self {
        let slices = Slices::default().context::<Trade>().view::<TradeView>();
        let hub = Hub::new(slices.views, PARTITIONS, Shape(1), settings);
        (0..PARTITIONS).for_each(|partition| hub.begin(0, partition, 0));
        let lanes = (0..PARTITIONS).map(|_| Vec::new()).collect();
        Self {
            hub: Arc::new(hub),
            history: Arc::new(Mutex::new(lanes)),
            stop: CancellationToken::new(),
            values: BTreeMap::new(),
        }
    }

    /// The trade is of that account now.
    pub(super) fn tell(&mut self, tenant: &str, trade: usize, account: &str) {
        let key = format!("{tenant}/T-{trade}");
        let before = self.values.get(&key).cloned();
        let seen = Seen {
            version: before.as_ref().map_or(1, |seen| seen.version + 1),
            account: account.to_owned(),
        };
        let partition = trade % usize::from(PARTITIONS);
        let (value, body) = view(trade, &seen);
        let mut found = Vec::new();
        let before = before.map(|seen| view(trade, &seen));
        if let Some((before, _)) = &before {
            facets(before, &mut found);
        }
        facets(&value, &mut found);
        self.values.insert(key.clone(), seen);
        let change = |log_position| Change {
            key: key.as_str().into(),
            log_position,
            body: body.clone(),
            before: before.as_ref().map(|(_, body)| body.clone()),
            facets: found.clone().into(),
        };
        let mut history = self.history.lock().unwrap();
        let log_position = u64::try_from(history[partition].len()).unwrap() + 1;
        history[partition].push(change(log_position));
        drop(history);
        let partition = u16::try_from(partition).unwrap();
        self.hub.tell(0, partition, change(log_position), &value);
    }

    /// What a list of the tenant shows, narrowed to an account.
    pub(super) fn list(&self, tenant: &str, account: Option<&str>) -> BTreeMap<String, Seen> {
        let prefix = format!("{tenant}/");
        let values = self.values.iter();
        let own = values.filter_map(|(key, seen)| Some((key.strip_prefix(&prefix)?, seen)));
        let fits = own.filter(|(_, seen)| account.is_none_or(|account| seen.account == account));
        fits.map(|(key, seen)| (key.to_owned(), seen.clone()))
            .collect()
    }

    pub(super) fn open(&self, tenant: &str, account: Option<&str>) -> Reader {
        self.resume(tenant, account, None).unwrap()
    }

    pub(super) fn resume(
        &self,
        tenant: &str,
        account: Option<&str>,
        last_id: Option<&str>,
    ) -> Result<Reader, NotOpened> {
        let account = account.map(|account| ("account".to_owned(), account.to_owned()));
        let parameters = Parameters(account.into_iter().collect());
        let interest = Interest::of::<TradeView>(&parameters).unwrap();
        self.open_with(
            tenant,
            Wish {
                interest,
                sees: None,
            },
            last_id,
        )
    }

    pub(super) fn open_with(
        &self,
        tenant: &str,
        wish: Wish,
        last_id: Option<&str>,
    ) -> Result<Reader, NotOpened> {
        let tenant = Tenant::new(tenant).unwrap();
        let seat = Seat::take(Arc::clone(&self.hub), Member::new(tenant, vec![(0, wish)]))?;
        let past = Remembered {
            hub: Arc::clone(&self.hub),
            history: Arc::clone(&self.history),
        };
        let settled = self.hub.heads(seat.member().mask);
        let begun = Catching::begin(&self.hub, seat.member(), last_id, settled);
        let until = Instant::now() + Duration::from_secs(3_600);
        let stop = self.stop.clone();
        let stream = LiveStream::new(seat, begun, Arc::new(past), until, stop);
        Ok(Reader {
            stream,
            last_id: last_id.map(str::to_owned),
        })
    }
}

fn view(trade: usize, seen: &Seen) -> (TradeView, Bytes) {
    let json = json!({
        "trade_id": format!("T-{trade}"), "state": "Booked", "version": seen.version,
        "account": seen.account, "book": "PROP", "instrument": "X", "side": "BUY",
        "ordered_quantity": "1000", "cancelled": false, "quantity": "1000", "price": "10",
        "currency": "USD", "multiplier": "1", "traded_at": "2026-03-02T15:30:00Z",
        "lot_method": "FIFO", "cum_quantity": "0", "leaves_quantity": "1000",
        "gross_amount": "0", "average_price": null, "fills": [], "breaks": [],
        "booked_by": "ann", "alloc_status": "None", "confirm_status": "None",
        "settle_status": "None"
    });
    let value: TradeView = serde_json::from_value(json).unwrap();
    let body = serde_json::to_vec(&value).unwrap();
    (value, body.into())
}

/// The past as the desk remembers it.
struct Remembered {
    hub: Arc<Hub>,
    history: History,
}

#[async_trait]
impl Past for Remembered {
    async fn settled(&self, mask: Mask) -> Option<Vec<u64>> {
        Some(self.hub.heads(mask))
    }

    async fn missed(
        &self,
        member: &Arc<Member>,
        (view, partition): (usize, u16),
        from: u64,
        upto: u64,
        events_max: u64,
    ) -> Result<Missed, &'static str> {
        if upto - from > events_max {
            return Err("too much was missed");
        }
        let history = self.history.lock().unwrap();
        let wish = member.wish(view).unwrap();
        let mut last: BTreeMap<Arc<str>, Change> = BTreeMap::new();
        let mut wanted: BTreeSet<Arc<str>> = BTreeSet::new();
        for change in &history[usize::from(partition)] {
            let is_missed = (from + 1..=upto).contains(&change.log_position);
            if is_missed && change.tenant() == member.tenant.as_str() {
                let bodies = change.before.iter().chain([&change.body]);
                let mut values = bodies.map(|body| decode::<TradeView>(body).unwrap());
                if values.any(|value| wish.interest.wants(&*value)) {
                    wanted.insert(Arc::clone(&change.key));
                }
                let newest = Change {
                    key: Arc::clone(&change.key),
                    log_position: change.log_position,
                    body: change.body.clone(),
                    before: None,
                    facets: Box::default(),
                };
                last.insert(Arc::clone(&change.key), newest);
            }
        }
        let changes = last.into_iter().filter(|(key, _)| wanted.contains(key));
        let mut changes: Vec<_> = changes.map(|(_, change)| change).collect();
        changes.sort_unstable_by_key(|change| change.log_position);
        let events = upto - from;
        Ok(Missed {
            changes,
            upto,
            events,
        })
    }
}

/// The other end of a stream.
pub(super) struct Reader {
    pub(super) stream: LiveStream,
    /// Of the last frame that had one.
    pub(super) last_id: Option<String>,
}

/// A frame as its reader takes it apart.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Frame {
    pub(super) event: String,
    pub(super) data: Value,
}

impl Frame {
    /// Trade and version.
    pub(super) fn change(&self) -> (&str, u64) {
        let version = self.data["version"].as_u64().unwrap_or_default();
        (self.data["trade_id"].as_str().unwrap_or_default(), version)
    }
}

impl Reader {
    /// The next frame, if there is one now.
    pub(super) fn next(&mut self) -> Option<Frame> {
        let bytes = self.stream.next().now_or_never()??;
        let text = std::str::from_utf8(&bytes).unwrap();
        assert!(text.ends_with("\n\n") && !text.trim_end().contains("\n\n"));
        let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name));
        if let Some(id) = field("id: ") {
            self.last_id = Some(id.to_owned());
        }
        let data = field("data: ").map_or(Value::Null, |data| serde_json::from_str(data).unwrap());
        Some(Frame {
            event: field("event: ").unwrap_or_default().to_owned(),
            data,
        })
    }

    /// All there is now.
    pub(super) fn all(&mut self) -> Vec<Frame> {
        std::iter::from_fn(|| self.next()).collect()
    }

    /// Trade and version of every change there is now.
    pub(super) fn changes(&mut self) -> Vec<(String, u64)> {
        let frames = self.all();
        let changes = frames.iter().filter(|frame| frame.event == "trades");
        changes
            .map(|frame| {
                let (trade, version) = frame.change();
                (trade.to_owned(), version)
            })
            .collect()
    }
}
