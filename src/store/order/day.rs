//! The day of a shop, by which its orders are numbered.

use crate::store::catalog::read_order_settings;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use redis::aio::ConnectionLike;

/// The minutes by which the shop's clocks are ahead of UTC: those of its time zone, else those of
/// whoever orders.
pub(crate) async fn utc_offset(conn: &mut impl ConnectionLike) -> i32 {
    // An order must not fail because of its number. A link that is broken fails the next step.
    let settings = read_order_settings(conn).await;
    let named = settings.ok().and_then(|settings| settings.time_zone);
    let zone = named.and_then(|name| TimeZone::get(&name).ok());
    let zone = zone.unwrap_or_else(TimeZone::system);
    zone.to_offset(Timestamp::now()).seconds() / 60
}
