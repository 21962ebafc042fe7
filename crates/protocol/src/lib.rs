//! Call links, group auth and server params: every byte format of the protocol.
