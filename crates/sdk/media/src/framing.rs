//! Datagrams over TCP (RFC 4571): two bytes of length in network order, then the datagram.

/// The maximum length of a datagram.
pub(crate) const MAX_DATAGRAM: usize = 2_000;

/// The length of the header.
const HEADER: usize = 2;

/// The room for bytes that have come: four datagrams.
const ROOM: usize = 4 * (HEADER + MAX_DATAGRAM);

/// A datagram is longer than datagrams are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooLong;

/// The bytes that have come, and are not taken yet.
pub(crate) struct DatagramReader {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

impl DatagramReader {
    pub(crate) fn new() -> Self {
        Self {
            bytes: vec![0; ROOM],
            start: 0,
            end: 0,
        }
    }

    /// Returns the room for more bytes. There is some, once all datagrams that are whole have been taken.
    pub(crate) fn room(&mut self) -> &mut [u8] {
        self.bytes.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        self.bytes.get_mut(self.end..).unwrap_or_default()
    }

    /// Takes note that so many bytes have come into the room.
    pub(crate) fn advance(&mut self, bytes: usize) {
        self.end = (self.end + bytes).min(self.bytes.len());
    }

    /// Takes the next datagram that is whole.
    pub(crate) fn next(&mut self) -> Result<Option<&[u8]>, TooLong> {
        let come = self.bytes.get(self.start..self.end).unwrap_or_default();
        let Some((header, rest)) = come.split_first_chunk::<HEADER>() else {
            return Ok(None);
        };
        let length = usize::from(u16::from_be_bytes(*header));
        if length > MAX_DATAGRAM {
            return Err(TooLong);
        }
        if rest.len() < length {
            return Ok(None);
        }
        let begin = self.start + HEADER;
        self.start = begin + length;
        Ok(self.bytes.get(begin..begin + length))
    }
}

/// Returns a datagram with its header; `None` for one that is too long.
pub(crate) fn framed(datagram: &[u8]) -> Option<Vec<u8>> {
    let length = u16::try_from(datagram.len()).ok()?;
    (datagram.len() <= MAX_DATAGRAM).then(|| [&length.to_be_bytes(), datagram].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn datagrams_come_whole_however_they_are_cut() {
        let datagrams = [vec![1; 3], Vec::new(), vec![2; MAX_DATAGRAM], vec![3]];
        let stream: Vec<u8> = datagrams
            .iter()
            .flat_map(|one| framed(one).unwrap())
            .collect();
        for step in [1, 2, 3, 1_999, stream.len()] {
            let mut reader = DatagramReader::new();
            let mut taken = Vec::new();
            for chunk in stream.chunks(step) {
                reader.room()[..chunk.len()].copy_from_slice(chunk);
                reader.advance(chunk.len());
                while let Some(datagram) = reader.next().unwrap() {
                    taken.push(datagram.to_vec());
                }
            }
            assert_eq!(taken, datagrams, "{step}");
        }
    }

    #[test]
    fn one_that_is_too_long_is_refused_at_both_ends() {
        assert_eq!(framed(&vec![0; MAX_DATAGRAM + 1]), None);
        let mut reader = DatagramReader::new();
        reader.room()[..2].copy_from_slice(&[0xff, 0xff]);
        reader.advance(2);
        assert_eq!(reader.next(), Err(TooLong));
    }
}
