//! The role of somebody who comes into the served shop.

/// The role of a visitor, as in `trolley acl`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString, strum::Display)]
#[strum(serialize_all = "lowercase")]
pub enum Role {
    /// Fills carts and orders nothing.
    Shopper,
    /// Also orders what is in the cart.
    Buyer,
    /// Also comes to every cart.
    Clerk,
}
