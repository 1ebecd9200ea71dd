//! Messages to and from the customer, and the delivery of those sent.
//!
//! A sent message's status is the greatest of its receipts, and over several recipients the least
//! of them: receipts may come in any order, twice, or before the message is known to be sent.

mod command;
mod decide;
mod event;
mod fold;
mod receipt;
mod view;

pub use command::{
    CancelMessage, MarkSeen, MarkSent, ReceiveMessage, RecordReceipt, RetryMessage, SendMessage,
};
pub use event::{
    MessageCancelled, MessageQueued, MessageReceived, MessageRetried, MessageSeen, MessageSent,
    MessageStatusChanged, Receipt, ReceiptAnomaly, ReceiptBuffered, ReceiptRecorded,
};
pub use receipt::{Marks, MessageStatus, ReceiptStatus};
pub use view::{InboundStatus, InboundView, MessageView, OutboundView, RecipientView};

pub(crate) use fold::Messages;
pub(crate) use view::show;
