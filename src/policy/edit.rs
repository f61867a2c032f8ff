//! Changes to a policy file that keep its comments and its order.
