use anteroom_media_files::{FrameKind, MediaFile};

use super::*;

const KEY: [u8; 10] = [0x50, 0, 0, 0x9d, 1, 0x2a, 0x40, 1, 0xb4, 0];

fn frame(number: u32, source: Source, at: u64, has_gap: bool, data: &[u8]) -> RecordedFrame {
    RecordedFrame {
        device: DemuxId::new(number).unwrap(),
        name: Some("../Ann & Bob".to_owned()),
        source,
        at: Duration::from_millis(at),
        has_gap,
        data: data.to_vec(),
    }
}

fn times(folder: &Path, file: &str) -> Vec<u128> {
    let mut file = MediaFile::open(&folder.join(file)).unwrap();
    let frames = std::iter::from_fn(|| file.next_frame().unwrap());
    let loud = frames.filter(|frame| frame.kind == FrameKind::Picture || frame.data.len() > 1);
    loud.map(|frame| frame.time.as_millis()).collect()
}

#[test]
fn each_source_of_each_device_has_a_whole_file() {
    let folder = tempfile::tempdir().unwrap();
    let mut recording = Recording::new(&folder.path().join("new"), 1_000_000).unwrap();
    let packet = [0xf8, 1, 2];
    for at in [500, 520, 1_500] {
        let frame = frame(16, Source::Audio, at, false, &packet);
        recording.write(&frame).unwrap();
    }
    for (at, has_gap, data) in [
        (0, false, &[0x51, 1][..]),
        (100, false, &KEY),
        (133, false, &[0x51, 1]),
        (200, true, &[0x51, 1]),
        (233, false, &[0x51, 1]),
        (300, false, &KEY),
    ] {
        let frame = frame(16, Source::Camera, at, has_gap, data);
        recording.write(&frame).unwrap();
    }
    let finished = recording.finish().unwrap();
    assert_eq!(finished.left_out, 3);
    let files = finished.files;
    let names: Vec<&str> = files.iter().map(|file| file.file.as_str()).collect();
    let expected = ["16-Ann___Bob-camera.ivf", "16-Ann___Bob-microphone.opus"];
    assert_eq!(names, expected);
    let folder = folder.path().join("new");
    assert_eq!(times(&folder, expected[0]), [0, 33, 200]);
    assert_eq!(times(&folder, expected[1]), [0, 20, 1_000]);
}

#[test]
fn a_recording_ends_at_its_limit_and_overwrites_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut recording = Recording::new(folder.path(), 2_000).unwrap();
    let sound = frame(16, Source::Audio, 0, false, &[0xf8; 900]);
    recording.write(&sound).unwrap();
    recording.write(&sound).unwrap();
    let full = recording.write(&sound);
    assert!(matches!(full, Err(RecordingError::Full(0))));
    assert_eq!(recording.finish().unwrap().files.len(), 1);
    let mut again = Recording::new(folder.path(), 2_000).unwrap();
    let exists = again.write(&sound).unwrap_err().to_string();
    assert!(exists.contains("not overwritten"), "{exists}");
}

#[test]
fn names_of_files_are_safe_and_short() {
    let device = DemuxId::new(32).unwrap();
    let long = "x".repeat(100);
    for (name, expected) in [
        (None, "32-screen.ivf"),
        (Some(""), "32-screen.ivf"),
        (Some("/../"), "32-screen.ivf"),
        (Some("Zoë\n1"), "32-Zoë_1-screen.ivf"),
    ] {
        assert_eq!(file_name(device, name, Source::Screen, 1), expected);
    }
    assert!(file_name(device, Some(&long), Source::Screen, 1).len() < 60);
}

fn device(number: u32) -> DemuxId {
    DemuxId::new(number * 16).unwrap()
}

fn sound(number: u32) -> RecordedFrame {
    frame(number * 16, Source::Audio, number.into(), false, &[0xf8, 1])
}

#[test]
fn devices_that_come_and_go_are_all_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let mut recording = Recording::new(folder.path(), 10_000_000).unwrap();
    for number in 1..=600 {
        let present = [device(number), device(10_000)].into();
        recording.take_present(present).unwrap();
        recording.write(&sound(number)).unwrap();
        assert!(recording.tracks.len() <= 1);
    }
    // A frame that was on its way when the device has left begins no other file.
    recording.write(&sound(1)).unwrap();
    assert_eq!(recording.take_news(), None);
    // A device of a later call may have the number of an earlier one.
    recording.take_present([device(1)].into()).unwrap();
    recording.write(&sound(1)).unwrap();
    let finished = recording.finish().unwrap();
    let files: BTreeSet<String> = finished.files.into_iter().map(|one| one.file).collect();
    assert_eq!((files.len(), finished.left_out), (601, 1));
    assert!(
        files.contains("16-Ann___Bob-microphone-2.opus"),
        "{files:?}"
    );
}

#[test]
fn what_is_beyond_the_open_files_is_counted_and_told_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut recording = Recording::new(folder.path(), 10_000_000).unwrap();
    for number in 1..=130 {
        recording.write(&sound(number)).unwrap();
        let is_told = recording.take_news().is_some();
        assert_eq!(is_told, number == 129, "{number}");
    }
    let present: BTreeSet<DemuxId> = (1..=130).map(device).collect();
    recording.take_present(present.clone()).unwrap();
    let rest = present.into_iter().filter(|one| *one != device(7));
    recording.take_present(rest.collect()).unwrap();
    recording.write(&sound(130)).unwrap();
    let finished = recording.finish().unwrap();
    assert_eq!((finished.files.len(), finished.left_out), (129, 2));
}

#[test]
fn a_process_without_room_for_a_file_records_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut recording = Recording::new(folder.path(), 10_000_000).unwrap();
    recording.write(&sound(1)).unwrap();
    let create = std::mem::replace(&mut recording.create, |_| Err(Errno::MFILE.into()));
    recording.write(&sound(2)).unwrap();
    assert!(recording.take_news().is_some());
    recording.create = create;
    recording.write(&sound(2)).unwrap();
    let finished = recording.finish().unwrap();
    assert_eq!((finished.files.len(), finished.left_out), (2, 1));
}
