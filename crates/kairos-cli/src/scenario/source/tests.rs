// Claims about packed files: every part is read, what is to be skipped is skipped, and no cut or change goes unseen.
// Never depend on files, except for one that is missing.
// Read next: `lines.rs`.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

use super::*;

fn unpacked(packed: Vec<u8>, packing: Packing) -> io::Result<String> {
    let mut text = String::new();
    unpack(io::Cursor::new(packed), packing)?.read_to_string(&mut text).map(|_| text)
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn zstd(text: &str) -> Vec<u8> {
    compress_to_vec(text.as_bytes(), CompressionLevel::Fastest)
}

/// A frame to be skipped, with the last of its sixteen numbers.
fn skippable(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).unwrap();
    [&[0x5f, 0x2a, 0x4d, 0x18], &length.to_le_bytes()[..], bytes].concat()
}

#[test]
fn the_name_says_format_and_packing() {
    let check = |name: &str, given: Option<Format>, expected| {
        assert_eq!(format_of(Path::new(name), given).ok(), expected, "{name}");
    };
    check("day.jsonl", None, Some((Format::Jsonl, Packing::ByContent)));
    check("a.b/day.jsonl.gz", None, Some((Format::Jsonl, Packing::Gzip)));
    check("day.jsonl.zst", None, Some((Format::Jsonl, Packing::Zstd)));
    check("feed.csv", None, Some((Format::Csv, Packing::ByContent)));
    check("FEED.CSV.GZ", None, Some((Format::Csv, Packing::Gzip)));
    check("feed.tsv.zst", None, Some((Format::Tsv, Packing::Zstd)));
    check("feed.gz", None, None);
    check("feed.json", None, None);
    check("jsonl", None, None);
    check("-", None, None);
    check("-", Some(Format::Csv), Some((Format::Csv, Packing::ByContent)));
    check("feed.txt.gz", Some(Format::Tsv), Some((Format::Tsv, Packing::Gzip)));
    check("feed.csv", Some(Format::Jsonl), Some((Format::Jsonl, Packing::ByContent)));
}

#[test]
fn every_member_and_frame_is_read() {
    assert_eq!(unpacked(b"plain".to_vec(), Packing::ByContent).unwrap(), "plain");
    assert_eq!(unpacked(Vec::new(), Packing::ByContent).unwrap(), "");
    let members = [gzip("one\n"), gzip("two\n")].concat();
    assert_eq!(unpacked(members, Packing::Gzip).unwrap(), "one\ntwo\n");
    let long = "a line that repeats\n".repeat(20_000);
    let frames = [zstd("one\n"), zstd(&long), zstd("two\n")].concat();
    assert_eq!(unpacked(frames, Packing::Zstd).unwrap(), format!("one\n{long}two\n"));
    assert_eq!(unpacked(Vec::new(), Packing::Zstd).unwrap(), "");
}

#[test]
fn frames_to_be_skipped_and_zeros_are_passed_over_wherever_they_stand() {
    let zeros = vec![0; 70_000];
    // pzstd writes a skippable frame before each frame, seekable writers one at the end.
    let (table, size) = (skippable(&vec![1; 100_000]), skippable(&[7, 0, 0, 0]));
    for frames in [
        [&size[..], &zstd("one\n"), &size, &zstd("two\n")].concat(),
        [&zstd("one\n")[..], &zstd("two\n"), &table].concat(),
        [&skippable(&[])[..], &zstd("one\n"), &zeros, &zstd("two\n"), &zeros].concat(),
        [&zstd("")[..], &zstd("one\n"), &table, &[0], &zstd("two\n"), &[0], &size].concat(),
    ] {
        for packing in [Packing::Zstd, Packing::ByContent] {
            assert_eq!(unpacked(frames.clone(), packing).unwrap(), "one\ntwo\n");
        }
    }
    for members in [
        [&gzip("one\n")[..], &gzip("two\n"), &zeros].concat(),
        [&gzip("one\n")[..], &zeros, &gzip("two\n"), &[0]].concat(),
        [&gzip("")[..], &gzip("one\n"), &gzip(""), &gzip("two\n")].concat(),
    ] {
        for packing in [Packing::Gzip, Packing::ByContent] {
            assert_eq!(unpacked(members.clone(), packing).unwrap(), "one\ntwo\n");
        }
    }
}

#[test]
fn every_cut_is_an_error_that_says_so_but_one_between_two_parts() {
    let parts = |packing, parts: &[Vec<u8>]| {
        let whole = parts.concat();
        let ends: Vec<usize> = (0..=parts.len()).map(|n| parts[..n].concat().len()).collect();
        for end in (1..whole.len()).filter(|end| !ends.contains(end)) {
            let error = unpacked(whole[..end].to_vec(), packing).unwrap_err().to_string();
            assert!(error.contains("is corrupt or truncated (it ends early: "), "{end}: {error}");
        }
    };
    parts(Packing::Gzip, &[gzip("some text\n"), gzip("some more\n")]);
    parts(Packing::Zstd, &[zstd("some text\n"), skippable(&[1; 9]), zstd("some more\n")]);
}

#[test]
fn bytes_that_are_no_part_are_an_error() {
    let check = |packed: Vec<u8>, packing: Packing| {
        let error = unpacked(packed, packing).unwrap_err().to_string();
        assert!(error.contains("is corrupt or truncated ("), "{error}");
    };
    for packing in [Packing::Gzip, Packing::Zstd] {
        check(b"no such thing".to_vec(), packing);
    }
    check([&gzip("one\n")[..], b"two\n"].concat(), Packing::Gzip);
    check([&gzip("one\n")[..], &[0, 0], b"two\n"].concat(), Packing::Gzip);
    check([&zstd("one\n")[..], b"two two\n"].concat(), Packing::Zstd);
}

#[test]
fn a_changed_byte_is_found_by_the_checksum() {
    let text = "1,2,3\n".repeat(9);
    for (packed, packing) in [(gzip(&text), Packing::Gzip), (zstd(&text), Packing::Zstd)] {
        for at in 0..packed.len() {
            let mut changed = packed.clone();
            changed[at] ^= 0x10;
            // A change of what a header merely tells changes no text.
            if let Ok(found) = unpacked(changed, packing) {
                assert_eq!(found, text, "{packing:?}, byte {at}");
            }
        }
    }
}

#[test]
fn a_missing_file_is_named() {
    let error = open(Path::new("/no/such.csv"), Packing::ByContent, |file, _| file).err().unwrap();
    assert!(error.to_string().starts_with("/no/such.csv: "), "{error}");
}
