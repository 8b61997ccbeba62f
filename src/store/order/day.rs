//! The day of a shop, by which its orders are numbered.

use crate::store::catalog::read_shop;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use redis::aio::ConnectionLike;

/// The zone by whose days and clocks the shop works: its own, else that of this computer.
async fn zone(conn: &mut impl ConnectionLike) -> TimeZone {
    // An order must not fail because of its number. A link that is broken fails the next step.
    let shop = read_shop(conn).await.unwrap_or_default();
    shop.zone_or(&TimeZone::system())
}

/// The minutes by which the shop's clocks are ahead of UTC now.
pub(crate) async fn utc_offset(conn: &mut impl ConnectionLike) -> i32 {
    minutes_ahead(Timestamp::now(), &zone(conn).await)
}

/// The minutes by which the clocks of a zone are ahead of UTC at a moment.
pub(super) fn minutes_ahead(at: Timestamp, zone: &TimeZone) -> i32 {
    zone.to_offset(at).seconds() / 60
}
