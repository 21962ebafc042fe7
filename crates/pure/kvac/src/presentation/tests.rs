use super::*;

/// Returns the message of a presentation for an application message, and the bytes of the points that are
/// bound in standard mode.
fn message(mode: Mode, application: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let mut sho = Sho::of(b"test", b"");
    let [c_y0, c_y1, c_y2, e_a1, e_a2, key] = [(); 6].map(|()| Point::from(sho.point()));
    let presentation = PresentationProof {
        c_x0: Point::BASE,
        c_x1: Point::BASE,
        c_v: Point::BASE,
        c_y: [c_y0, c_y1, c_y2],
        proof: Vec::new(),
    };
    let context = PresentationContext {
        domain: &Domain::derive(b"test"),
        key: &key,
        ciphertexts: &[Ciphertext { e_a1, e_a2 }],
        message: application,
    };
    let message = PRESENTATION_3.message(mode, &presentation, &context);
    let points = [key, c_y2, e_a2].map(|point| *point.encoding());
    (message.expect("a short message"), points.concat())
}

#[test]
fn a_message_is_bound_after_its_length_in_standard_mode_and_alone_in_legacy_mode() {
    let long = [7; 0x0102];
    for (application, length) in [
        (&b""[..], [0, 0, 0, 0]),
        (b"\0", [0, 0, 0, 1]),
        (b"member", [0, 0, 0, 6]),
        (&long, [0, 0, 1, 2]),
    ] {
        let (bound, points) = message(Mode::Standard, application);
        assert_eq!(bound, [&length[..], application, &points].concat());
        assert_eq!(message(Mode::Legacy, application).0, application);
    }
}
