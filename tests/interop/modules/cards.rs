//! What is special about cards.
