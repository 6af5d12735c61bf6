//! The shapes of posted traces.

use strongroom_inspect::Algorithm;

use super::*;

fn rules() -> Rules {
    Rules {
        algorithm: Algorithm::Sha3_256,
        ledger: "STRONGROOM".to_owned(),
        further_details: vec!["ARCHIVED".to_owned()],
    }
}

fn accepted(body: &str) -> Posted {
    read(body.as_bytes(), &rules()).unwrap_or_else(|rejection| panic!("{body}: {rejection:?}"))
}

fn refused(body: &str) -> String {
    match read(body.as_bytes(), &rules()) {
        Err(Rejection::Problems(problems)) => problems.summary(),
        Err(Rejection::Syntax(text)) => format!("syntax: {text}"),
        Ok(posted) => panic!("{body} was taken: {posted:?}"),
    }
}

const HASH: &str = "FN3IHojvv0PoxGh/Tr2EtbPmJK5K7JYSQwCeERL1Zys=";

#[test]
fn every_action_is_read_in_every_shape_and_letter_case() {
    let check = |body: &str, action: UserAction| assert_eq!(accepted(body).action, action, "{body}");
    check(
        r#"{"userId":"u","userAction":"create_dataset","datasetId":"d","resources":[]}"#,
        UserAction::CreateDataset,
    );
    check(
        r#"{"userId":"u","userAction":"Create_New_Dataset","datasetId":"d","resources":[]}"#,
        UserAction::CreateDataset,
    );
    check(
        r#"{"userId":"u","userAction":"VISUALIZE_VERSION_DATASET","datasetId":"d"}"#,
        UserAction::VisualizeVersionDataset,
    );
    check(
        r#"{"userId":"u","userAction":"UPDATE_DATASET","datasetId":"d","details":"PUBLISH"}"#,
        UserAction::UpdateDataset,
    );
    check(r#"{"userId":"u","userAction":"USE_DATASETS_POD","datasetsIds":["d"]}"#, UserAction::UseDatasets);
    check(
        r#"{"userId":"u","userAction":"CREATE_MODEL_POD","datasetId":"d","applicationId":"a","modelId":"m"}"#,
        UserAction::CreateModel,
    );
    check(
        r#"{"userId":"u","userAction":"CREATE_MODEL","datasetsIds":["d"],"applicationId":"a","modelId":"m"}"#,
        UserAction::CreateModel,
    );
    check(
        r#"{"userId":"u","userAction":"use_models","datasetId":"d","applicationId":"a","modelsIds":["m"]}"#,
        UserAction::UseModels,
    );
    check(
        r#"{"userId":"u","userAction":"USE_MODEL_POD","applicationId":"a","modelsIds":["m"]}"#,
        UserAction::UseModels,
    );
}

#[test]
fn a_new_version_is_read_in_all_its_spellings_trap_23() {
    for (members, datasets, previous) in [
        (r#""datasetsIds":"d","previousIds":["p","q"]"#, vec!["d"], vec!["p", "q"]),
        (r#""datasetsIds":["d"],"previousIds":["p"]"#, vec!["d"], vec!["p"]),
        (r#""datasetId":"d","previousId":"p""#, vec!["d"], vec!["p"]),
        (r#""datasetId":"d","previousIds":"p""#, vec!["d"], vec!["p"]),
        (r#""datasetsIds":["d","e"],"previousId":"p""#, vec!["d", "e"], vec!["p"]),
    ] {
        let body =
            format!(r#"{{"userId":"u","userAction":"CREATE_VERSION_DATASET",{members},"resources":[]}}"#);
        let posted = accepted(&body);
        let found: Vec<&str> =
            posted.dataset_id.iter().chain(&posted.datasets_ids).map(String::as_str).collect();
        assert_eq!((found, posted.previous_ids.iter().map(String::as_str).collect()), (datasets, previous));
    }
    assert_eq!(
        refused(
            r#"{"userId":"u","userAction":"CREATE_VERSION_DATASET","datasetId":"d","previousIds":[],"resources":[]}"#
        ),
        "previousIds must not be empty"
    );
}

#[test]
fn members_nobody_asked_for_and_null_tools_are_ignored_trap_18() {
    let posted = accepted(
        r#"{"userId":"u","userAction":"USE_DATASETS","datasetsIds":["d"],"toolName":null,"toolVersion":null,
            "callerId":"x","notifyTracer":true,"details":{"any":"thing"},"resources":7}"#,
    );
    assert_eq!((posted.tool_name, posted.tool_version, posted.resources), (None, None, None));
}

#[test]
fn resources_come_in_three_ways_trap_14() {
    let body = format!(
        r#"{{"userId":"u","userAction":"CREATE_DATASET","datasetId":"d","resources":[
            {{"id":"index","contentType":"HASH","hash":"{HASH}","hashType":"SHA3_256"}},
            {{"id":"file","contentType":"file_data","data":"VGhpcyBpcyBh\nIGZpbGU=","name":"resource 12121",
              "resourceType":"PATIENT_INFO"}},
            {{"id":"far","contentType":"HTTP_FTP","url":"https://example.org/x"}}]}}"#
    );
    let posted = accepted(&body);
    let resources = posted.resources.unwrap();
    assert_eq!(resources[0].content_hash.as_deref(), Some(HASH));
    assert_eq!(resources[0].content_hash_type.as_deref(), Some("SHA3_256"));
    assert_eq!(resources[1].content_hash.as_deref(), Some(HASH));
    assert_eq!(resources[1].name_hash.as_deref(), Some("zCCNo96qqmjGpgldXwv8Ec22U9uga9zGnG8rKi5KukU="));
    assert_eq!(resources[1].resource_type.as_deref(), Some("PATIENT_INFO"));
    assert_eq!(resources[2].content_hash, None);
    assert!(resources[2].path_hash.is_some());
    assert_eq!(posted.remote, [Remote { place: 2, url: "https://example.org/x".to_owned() }]);
}

#[test]
fn whatever_is_wrong_is_named() {
    let check = |body: &str, expected: &str| assert_eq!(refused(body), expected, "{body}");
    check("{}", "userId is missing; userAction is missing");
    check(r#"{"userId":" ","userAction":"USE_DATASETS","datasetsIds":["d"]}"#, "userId must not be blank");
    check(r#"{"userId":7,"userAction":"USE_DATASETS","datasetsIds":["d"]}"#, "userId must be a text");
    check(
        r#"{"userId":"u","userAction":"READ"}"#,
        "userAction must be one of CREATE_DATASET, CREATE_VERSION_DATASET, VISUALIZE_VERSION_DATASET, \
         UPDATE_DATASET, USE_DATASETS, CREATE_MODEL, USE_MODELS",
    );
    check(r#"{"userId":"u","userAction":"USE_DATASETS","datasetsIds":[]}"#, "datasetsIds must not be empty");
    check(r#"{"userId":"u","userAction":"USE_DATASETS","datasetsIds":null}"#, "datasetsIds is missing");
    check(
        r#"{"userId":"u","userAction":"USE_DATASETS","datasetsIds":["d",""]}"#,
        "datasetsIds[1] must not be blank",
    );
    check(
        r#"{"userId":"u","userAction":"USE_DATASETS","datasetsIds":"d"}"#,
        "datasetsIds must be a list of texts",
    );
    check(
        r#"{"userId":"u","userAction":"CREATE_DATASET","datasetId":"d","resources":null}"#,
        "resources is missing, though it may be empty",
    );
    check(
        r#"{"userId":"u","userAction":"CREATE_MODEL","datasetsIds":["d"]}"#,
        "applicationId is missing; modelId is missing",
    );
    check(
        r#"{"userId":"u\u0000","userAction":"USE_MODELS","applicationId":"a","modelsIds":["m"]}"#,
        "userId must not hold a NUL character",
    );
    check(
        r#"{"userId":"u","userAction":"USE_DATASETS","datasetsIds":["d"],"blockchains":["X"]}"#,
        "blockchains[0] must be one of STRONGROOM, ALL_ENABLED, BESU_PRIVATE, BIGCHAINDB_PRIVATE",
    );
    let resource = |members: &str| {
        refused(&format!(
            r#"{{"userId":"u","userAction":"CREATE_DATASET","datasetId":"d","resources":[{members}]}}"#
        ))
    };
    let hash = |hash: &str| {
        resource(&format!(r#"{{"id":"r","contentType":"HASH","hashType":"SHA3_256","hash":"{hash}"}}"#))
    };
    assert_eq!(hash(" "), "resources[0].hash must not be blank");
    assert_eq!(hash("%"), "resources[0].hash must be Base64 of the digest's bytes");
    assert_eq!(
        hash(&"ab".repeat(32)),
        "resources[0].hash is Base64 of 48 bytes, but a digest of SHA3_256 has 32"
    );
    assert_eq!(resource("7"), "resources[0] must be an object without repeated members");
    assert_eq!(resource(r#"{"contentType":"DISK"}"#), "resources[0].id is missing");
    assert_eq!(
        resource(r#"{"id":"r","contentType":"DISK"}"#),
        "resources[0].contentType must be one of HASH, FILE_DATA, HTTP_FTP"
    );
    assert_eq!(
        resource(r#"{"id":"r","contentType":"FILE_DATA","data":"a-_"}"#),
        "resources[0].data must be Base64"
    );
    for url in ["file:///etc/passwd", "jar:http://x!/y", "example.org", "http://a b"] {
        assert_eq!(
            resource(&format!(r#"{{"id":"r","contentType":"HTTP_FTP","url":"{url}"}}"#)),
            "resources[0].url must be an address with http, https or ftp"
        );
    }
}

#[test]
fn what_is_no_object_is_a_mistake_of_syntax() {
    for body in ["", "[]", "7", "{", "{\"userId\":\"u\"", "{\"userId\":\"a\",\"userId\":\"b\"}", "\u{feff}{}"]
    {
        assert!(refused(body).starts_with("syntax: the body is not a JSON object"), "{body}");
    }
    assert!(matches!(read(b"{\"userId\":\"\xff\"}", &rules()), Err(Rejection::Syntax(_))));
}

#[test]
fn lists_and_texts_are_bounded() {
    let ids: Vec<String> = (0..=MAX_DATASETS).map(|number| format!("\"{number}\"")).collect();
    let use_of = |ids: &[String]| {
        format!(r#"{{"userId":"u","userAction":"USE_DATASETS","datasetsIds":[{}]}}"#, ids.join(","))
    };
    assert_eq!(accepted(&use_of(&ids[1..])).datasets_ids.len(), MAX_DATASETS);
    assert_eq!(refused(&use_of(&ids)), "datasetsIds has more than 400 members");
    let long = [format!("\"{}\"", "ä".repeat(513))];
    assert_eq!(refused(&use_of(&long)), "datasetsIds[0] has more than 512 characters");
    accepted(&use_of(&[format!("\"{}\"", "ä".repeat(512))]));
}

#[test]
fn update_details_are_the_platforms_and_the_configured_ones_trap_13() {
    let update = |details: &str| {
        format!(r#"{{"userId":"u","userAction":"UPDATE_DATASET","datasetId":"d","details":"{details}"}}"#)
    };
    for details in crate::wire::lists::UPDATE_DETAILS.iter().chain(&["ARCHIVED"]) {
        assert_eq!(accepted(&update(details)).details.as_deref(), Some(*details));
    }
    assert_eq!(accepted(&update("publish")).details.as_deref(), Some("PUBLISH"));
    assert!(refused(&update("BURNT")).starts_with("details must be one of RELEASE, "));
}
