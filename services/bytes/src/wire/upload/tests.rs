//! What an upload body means, however it is cut, encoded and repeated.

use proptest::prelude::*;

use super::*;

/// Keeps everything it is given.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Kept {
    files: Vec<(String, Vec<u8>, Vec<String>)>,
    content: Vec<u8>,
    largest_piece: usize,
}

impl Sink for Kept {
    fn file_started(&mut self) {
        self.content.clear();
    }
    fn content(&mut self, bytes: &[u8]) {
        self.largest_piece = self.largest_piece.max(bytes.len());
        self.content.extend_from_slice(bytes);
    }
    fn content_restarted(&mut self) {
        self.content.clear();
    }
    fn file_finished(&mut self, name: String, tags: Vec<String>) {
        self.files.push((name, std::mem::take(&mut self.content), tags));
    }
    fn files_restarted(&mut self) {
        self.files.clear();
    }
}

fn read_with(body: &[u8], piece: usize, limits: Limits) -> Result<(Uploaded, Kept), BodyError> {
    let mut kept = Kept::default();
    let mut upload = Upload::new(None, limits);
    for piece in body.chunks(piece) {
        upload.push(piece, &mut kept)?;
    }
    let uploaded = upload.finish(&mut kept)?;
    assert_eq!(uploaded.files, kept.files.len(), "every file of a sound upload was finished");
    Ok((uploaded, kept))
}

fn read(body: &str) -> Result<(Uploaded, Kept), BodyError> {
    let whole = read_with(body.as_bytes(), body.len().max(1), Limits::default());
    for piece in [1, 2, 3, 7] {
        let cut = read_with(body.as_bytes(), piece, Limits::default());
        let files = |result: &Result<(Uploaded, Kept), BodyError>| {
            result.clone().map(|(uploaded, kept)| (uploaded, kept.files))
        };
        assert_eq!(files(&cut), files(&whole), "{body} by {piece}");
    }
    whole
}

fn files_of(body: &str) -> Vec<(String, Vec<u8>, Vec<String>)> {
    read(body).unwrap_or_else(|error| panic!("{body}: {error}")).1.files
}

fn problems_of(body: &str) -> String {
    match read(body) {
        Err(BodyError::Invalid(problems)) => problems.to_string(),
        other => panic!("{body}: {other:?}"),
    }
}

fn file(name: &str, content: &[u8], tags: &[&str]) -> (String, Vec<u8>, Vec<String>) {
    (name.to_owned(), content.to_vec(), tags.iter().map(|&tag| tag.to_owned()).collect())
}

#[test]
fn a_plain_upload_is_read() {
    let body = r#"{"status":"FAILED","files":[{"name":"0","content":"YWJj","tags":["text/xml","b","b"]},
        {"name":"1","content":"","tags":[]}]}"#;
    let (uploaded, kept) = read(body).unwrap();
    assert_eq!(uploaded, Uploaded { status: Status::Failed, files: 2 });
    assert_eq!(kept.files, [file("0", b"abc", &["text/xml", "b"]), file("1", b"", &[])]);
}

#[test]
fn everything_but_name_and_content_has_a_default() {
    let (uploaded, kept) = read("{}").unwrap();
    assert_eq!(uploaded, Uploaded { status: Status::Completed, files: 0 });
    assert!(kept.files.is_empty());
    assert_eq!(files_of(r#"{"files":[{"content":"YQ==","name":"n"}]}"#), [file("n", b"a", &[])]);
}

#[test]
fn unknown_members_of_any_shape_are_passed_over() {
    let body = r#"{"x":{"files":[{"name":1}]},"y":[[{}],"files",null],"files":[{"z":{"content":5},"name":"n",
        "content":"YQ==","name of some length":"q","tags2":[1]}],"status ":7}"#;
    assert_eq!(files_of(body), [file("n", b"a", &[])]);
}

#[test]
fn escapes_are_decoded_in_keys_names_and_content() {
    let body = r#"{"\u0066iles":[{"na\u006de":"\u00e4\ud83d\ude00\"","content":"\u0059WJ\u006a\n\/\/8=",
        "tags":["\u0061/b"]}]}"#;
    assert_eq!(files_of(body), [file("ä😀\"", &[b'a', b'b', b'c', 0xFF, 0xFF], &["a/b"])]);
}

#[test]
fn lenient_base64_is_decoded_and_the_rest_refused() {
    let with = |content: &str| format!(r#"{{"files":[{{"name":"n","content":"{content}"}}]}}"#);
    assert_eq!(files_of(&with("YW é Jj\\r\\nZA==junk")), [file("n", b"abcd", &[])]);
    let text = problems_of(&with("YWJ"));
    assert_eq!(
        text,
        "[{'type': 'value_error', 'loc': ('body', 'files', 0, 'content'), 'msg': 'invalid base64: incorrect padding'}]"
    );
}

#[test]
fn the_last_of_repeated_keys_counts() {
    assert_eq!(
        files_of(
            r#"{"files":[{"name":"a","content":"YWJj","tags":["x"],"content":"YQ==","name":"b","tags":["y"]}]}"#
        ),
        [file("b", b"a", &["y"])]
    );
    assert_eq!(
        files_of(r#"{"files":[{"name":"a","content":"YQ=="}],"files":[{"name":"b","content":"Yg=="}]}"#),
        [file("b", b"b", &[])]
    );
    assert!(files_of(r#"{"files":[{"name":1}],"files":[]}"#).is_empty());
    assert_eq!(read(r#"{"status":7,"status":"FAILED"}"#).unwrap().0.status, Status::Failed);
    assert_eq!(
        files_of(
            r#"{"files":[{"name":7,"content":"Y","tags":[1],"name":"n","content":"YQ==","tags":["t"]}]}"#
        ),
        [file("n", b"a", &["t"])]
    );
}

#[test]
fn a_later_unsound_value_replaces_a_sound_one() {
    assert!(
        problems_of(r#"{"files":[{"name":"a","content":"YQ==","content":null}]}"#).contains("bytes_type")
    );
    assert!(problems_of(r#"{"files":[{"name":"a","content":"YQ=="}],"files":null}"#).contains("list_type"));
    assert!(
        problems_of(r#"{"files":[{"name":"a","content":"YQ==","tags":["t"],"tags":null}]}"#)
            .contains("set_type")
    );
}

#[test]
fn every_problem_is_found_with_its_place() {
    let text = problems_of(
        r#"{"status":"DONE","files":[{"name":null,"content":1,"tags":null},5,[],{},{"name":"n","content":"YQ==",
        "tags":["ok",2,"\ud800","\u0000"]}]}"#,
    );
    for place in [
        "'enum', 'loc': ('body', 'status')",
        "'string_type', 'loc': ('body', 'files', 0, 'name')",
        "'bytes_type', 'loc': ('body', 'files', 0, 'content')",
        "'set_type', 'loc': ('body', 'files', 0, 'tags')",
        "'model_attributes_type', 'loc': ('body', 'files', 1)",
        "'model_attributes_type', 'loc': ('body', 'files', 2)",
        "'missing', 'loc': ('body', 'files', 3, 'name')",
        "'missing', 'loc': ('body', 'files', 3, 'content')",
        "'string_type', 'loc': ('body', 'files', 4, 'tags', 1)",
        "'string_unicode', 'loc': ('body', 'files', 4, 'tags', 2)",
        "'string_nul', 'loc': ('body', 'files', 4, 'tags', 3)",
    ] {
        assert!(text.contains(place), "{place} is not in {text}");
    }
    assert_eq!(text.matches("'type'").count(), 11);
}

#[test]
fn bodies_of_another_shape_are_refused() {
    for (body, kind) in [
        ("", "'missing'"),
        ("null", "'missing'"),
        ("[]", "'model_attributes_type'"),
        ("[{\"files\":[]}]", "'model_attributes_type'"),
        ("\"x\"", "'model_attributes_type'"),
        ("12", "'model_attributes_type'"),
        (" ", "'json_invalid'"),
        ("{\"files\":[}", "'json_invalid'"),
        ("{} {}", "'json_invalid'"),
        ("{\"files\":[]", "'json_invalid'"),
        ("{\"files\":[{\"name\":\"a\nb\"", "'json_invalid'"),
    ] {
        let text = problems_of(body);
        assert!(text.contains(kind), "{body}: {text}");
    }
}

#[test]
fn unreadable_bodies_are_told_apart() {
    assert_eq!(read_with(b"{\"files\":\"\xff", 4, Limits::default()), Err(BodyError::Unparsable));
    assert_eq!(read(&"[".repeat(1000)), Err(BodyError::Unparsable));
    assert_eq!(read(&format!("{{\"x\":{}}}", "1".repeat(4301))), Err(BodyError::Unparsable));
}

#[test]
fn a_surrogate_without_partner_in_content_is_refused() {
    let escaped = r#"{"files":[{"name":"n","content":"YQ==\ud800"}]}"#;
    assert!(problems_of(escaped).contains("string_unicode"));
    let raw = b"{\"files\":[{\"name\":\"n\",\"content\":\"YQ==\xed\xa0\x80\"}]}";
    for piece in 1..9 {
        let refused = read_with(raw, piece, Limits::default()).unwrap_err();
        assert!(refused.to_body().contains("string_unicode"));
    }
}

#[test]
fn other_encodings_are_read_as_well() {
    let body = "{\"files\":[{\"name\":\"ä😀\",\"content\":\"YWJj\"}]}";
    let marked = |mark: &[u8], bytes: Vec<u8>| [mark, &bytes].concat();
    let little: Vec<u8> = body.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = body.encode_utf16().flat_map(u16::to_be_bytes).collect();
    for bytes in [
        marked(&[0xEF, 0xBB, 0xBF], body.as_bytes().to_vec()),
        marked(&[0xFF, 0xFE], little.clone()),
        marked(&[0xFE, 0xFF], big.clone()),
        little,
        big,
    ] {
        for piece in [1, 3, 1000] {
            let (_, kept) = read_with(&bytes, piece, Limits::default()).unwrap();
            assert_eq!(kept.files, [file("ä😀", b"abc", &[])]);
        }
    }
}

#[test]
fn a_body_of_another_type_is_not_parsed() {
    let mut upload = Upload::new(Some("application/octet-stream"), Limits::default());
    let refused = upload.push(b"{}", &mut Kept::default()).unwrap_err();
    assert_eq!(refused.status(), 422);
}

#[test]
fn long_tags_are_kept_whole_up_to_the_limit() {
    let with = |tag: String| format!(r#"{{"files":[{{"name":"n","content":"","tags":["{tag}"]}}]}}"#);
    assert_eq!(files_of(&with("ä".repeat(1024)))[0].2[0].chars().count(), 1024);
    assert!(problems_of(&with("ä".repeat(1025))).contains("at most 1024 characters"));
    assert!(problems_of(&with("ä".repeat(5000))).contains("at most 1024 characters"));
}

#[test]
fn names_tags_and_files_are_bounded() {
    let limits = Limits { files: 2, name_bytes: 4, tags: 2, tag_characters: 3, text_bytes: 10 };
    let refused = |body: &str| match read_with(body.as_bytes(), 5, limits) {
        Err(BodyError::Invalid(problems)) => problems.to_string(),
        other => panic!("{body}: {other:?}"),
    };
    let full = r#"{"files":[{"name":"abcd","content":"","tags":["a","b"]},{"name":"abcd","content":""}]}"#;
    assert!(read_with(full.as_bytes(), 5, limits).is_ok());
    assert!(refused(&full.replacen("abcd", "abcde", 1)).contains("at most 4 bytes"));
    assert!(refused(&full.replacen(r#""b""#, r#""b","c""#, 1)).contains("at most 2 items"));
    assert!(refused(&full.replacen(r#""b""#, r#""bc""#, 1)).contains("at most 10 bytes together"));
    assert!(refused(r#"{"files":[{},{},{},{"x":[{}]}]}"#).contains("at most 2 items"));
    // A replaced name or tag list gives its bytes back.
    let replaced = full.replace(r#""tags":["a","b"]"#, r#""name":"abcd","tags":["abc"],"tags":["a","b"]"#);
    assert!(read_with(replaced.as_bytes(), 5, limits).is_ok());
}

#[test]
fn problems_beyond_counting_end_the_reading() {
    let body = format!("{{\"files\":[{}", "1,".repeat(200));
    let mut upload = Upload::new(None, Limits::default());
    assert!(upload.push(body.as_bytes(), &mut Kept::default()).is_err());
}

#[test]
fn content_comes_in_small_pieces_whatever_the_chunk() {
    let content = "QUJD".repeat(1 << 16);
    let body = format!(r#"{{"files":[{{"name":"n","content":"{content}"}}]}}"#);
    let (_, kept) = read_with(body.as_bytes(), body.len(), Limits::default()).unwrap();
    assert_eq!(kept.files[0].1.len(), 3 << 16);
    assert!(kept.largest_piece <= (48 << 10) + 2);
}

proptest! {
    #[test]
    fn cutting_a_body_never_changes_its_meaning(
        body in prop_oneof![
            "\\{\"files\":\\[(\\{\"(name|content|tags)\":(\"[A-Za-z0-9+/= ]{0,6}\"|null|\\[\"a\"\\]),\"(name|content|x)\":\"[A-Z]{0,5}=?\"\\},?){0,3}\\]\\}",
            "[\\[\\]{}:,\"\\\\ a-e0-2filesnmtg=]{0,40}",
        ],
        piece in 1_usize..9,
    ) {
        let whole = read_with(body.as_bytes(), body.len().max(1), Limits::default()).map(|(_, kept)| kept.files);
        let cut = read_with(body.as_bytes(), piece, Limits::default()).map(|(_, kept)| kept.files);
        prop_assert_eq!(cut, whole);
    }

    #[test]
    fn content_survives_whatever_it_is(content in any::<Vec<u8>>(), name in any::<String>(), piece in 1_usize..50) {
        use base64::{Engine as _, engine::general_purpose::STANDARD};
        let body = serde_json::json!({"files": [{"name": name, "content": STANDARD.encode(&content)}]}).to_string();
        let (_, kept) = read_with(body.as_bytes(), piece, Limits::default()).unwrap();
        prop_assert_eq!(&kept.files, &[(name, content, Vec::new())]);
    }

    #[test]
    fn no_bytes_are_too_odd(body in any::<Vec<u8>>(), piece in 1_usize..9) {
        let _any_answer = read_with(&body, piece, Limits::default());
    }
}
