//! The requests to both processes, and their answers.

use serde::{Deserialize, Serialize};

/// A request to the server under test. Each is answered by a [`ServerAnswer`].
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServerRequest {
    /// Let a device join the one call, and answer its offer.
    Join {
        /// The number of the device.
        device: u32,
        /// Whether it sends its microphone and its camera.
        publishes: bool,
        /// The offer (SDP).
        offer: String,
    },
    /// Show cameras in the slots of a device.
    View {
        /// The device.
        device: u32,
        /// The slots, by the names of their m-lines, each with the device that it shows.
        slots: Vec<(String, u32)>,
    },
    /// Tell the number of allocations so far.
    Allocations {},
}

/// The answer to a [`ServerRequest`]: the members that it asks for.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ServerAnswer {
    /// The answer to the offer (SDP).
    pub answer: Option<String>,
    /// The number of allocations since the start, if the program counts them.
    pub allocations: Option<u64>,
}

/// A request to the load. Each is answered by a [`LoadAnswer`].
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoadRequest {
    /// Make a client with an offer.
    Offer(NewClient),
    /// Make a client that answers an offer of the server.
    Accept {
        /// The client.
        client: NewClient,
        /// The offer (SDP).
        offer: String,
    },
    /// Give a client the answer to its offer.
    Answer {
        /// The number of the client.
        number: u32,
        /// The answer (SDP).
        answer: String,
    },
    /// Wait until all clients are connected.
    UntilConnected {},
    /// Let the publishers of a group send, and count what its viewers receive.
    Window(Window),
    /// End the clients of a group.
    Close {
        /// The group.
        group: u32,
    },
    /// Measure the floor.
    Floor {
        /// The number of packets.
        packets: u32,
        /// The packets.
        traffic: Traffic,
    },
}

/// A client to be made.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NewClient {
    /// Its number, which no other client has.
    pub number: u32,
    /// Its group: those who are connected to the same call.
    pub group: u32,
    /// The traffic that it sends, if it sends any.
    pub sends: Option<Traffic>,
    /// The number of slots for sound, and for pictures.
    pub slots: (u32, u32),
    /// Whether it takes part in the estimation of bandwidth: transport-wide feedback where the server wants it,
    /// and its own estimate each second. Without it the own estimate is sent once.
    pub estimation: bool,
}

/// The traffic of a publisher: sound, and pictures of several packets.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Traffic {
    /// Microseconds from picture to picture.
    pub picture_micros: u64,
    /// Packets of a picture.
    pub picture_packets: u32,
    /// Bytes of each of them.
    pub picture_bytes: u32,
    /// Microseconds from sound to sound.
    pub sound_micros: u64,
    /// Bytes of a packet of sound.
    pub sound_bytes: u32,
}

/// A span of time in which packets are counted.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Window {
    /// The group that sends.
    pub group: u32,
    /// The process whose CPU time is read.
    pub process: u32,
    /// The rate, in hundredths of the traffic's.
    pub percent: u32,
    /// Milliseconds of sending before the window.
    pub warm_up_millis: u64,
    /// Milliseconds of the window.
    pub millis: u64,
}

/// The answer to a [`LoadRequest`]: the members that it asks for.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct LoadAnswer {
    /// The offer or the answer (SDP).
    pub description: Option<String>,
    /// The names of the client's m-lines for sound and for pictures, in which it receives.
    pub slots: Option<(Vec<String>, Vec<String>)>,
    /// The counts of the window.
    pub window: Option<WindowCounts>,
    /// The floor, in microseconds for a packet.
    pub floor_micros: Option<f64>,
}

/// The counts of a window.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct WindowCounts {
    /// Packets that publishers have sent.
    pub sent: u64,
    /// Packets that viewers have received.
    pub received: u64,
    /// Packets that are missing in the streams that viewers have received.
    pub gaps: u64,
    /// Datagrams for which the sockets of the load had no room.
    pub dropped_by_load: u64,
    /// The bytes of the payloads that viewers have received.
    pub bytes: u64,
    /// The median of the delays, in milliseconds.
    pub delay_p50_millis: f64,
    /// The 99th percentile of the delays.
    pub delay_p99_millis: f64,
    /// The seconds of the window.
    pub seconds: f64,
    /// The CPU time of the process, in seconds.
    pub server_seconds: f64,
    /// The CPU time of the load, in seconds.
    pub load_seconds: f64,
    /// The memory of the process at the end, in bytes.
    pub server_bytes: u64,
    /// The largest share of the window in which a thread of the load did not wait.
    pub busiest: f64,
}
