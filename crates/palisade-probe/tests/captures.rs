//! Conversations with answers that real servers gave, taken from the wire.

use palisade_probe::conversation::{Conversation, Step};
use palisade_probe::{dns, ldap, mysql, postgres, rpc, smb};

/// Samba 4.17, open to null sessions.
const SAMBA_SMB2: &[&str] = &[
    "000000fefe534d4240000000000000000000010001000000000000000000000000000000fffe00000000000000000000\
     000000000000000000000000000000000000000041000100110301006c61626832000000000000000000000007000000\
     0000800000008000000080008a93db34377add01000000000000000080004a00d0000000604806062b0601050502a03e\
     303ca00e300c060a2b06010401823702020aa32a3028a0261b246e6f745f646566696e65645f696e5f52464334313738\
     40706c656173655f69676e6f72650000000000000100260000000000010020000100e0ad636fa5470e82dbe3b1c78935\
     a2cfa83392b4b62da638cd6887f85ba21b51",
    "000000dffe534d4240000000160000c00100010001000000000000000100000000000000fffe0000000000001b3adbce\
     00000000000000000000000000000000000000000900000048009700a18194308191a0030a0101a10c060a2b06010401\
     823702020aa27c047a4e544c4d53535000020000000a000a003800000005828aa28856d6be4997677900000000000000\
     003800380042000000060100000000000f4c00410042004800320002000a004c00410042004800320001000a004c0041\
     00420048003200040000000300040076006d00070008001ae0db34377add0100000000",
    "00000051fe534d4240000000000000000100010001000000000000000200000000000000fffe0000000000001b3adbce\
     00000000000000000000000000000000000000000900000048000900a1073005a0030a0100",
    "00000050fe534d4240000000000000000300010001000000000000000300000000000000fffe00009e1ddaa71b3adbce\
     0000000000000000000000000000000000000000100002000000000000000000a9001f00",
];

/// The same server over SMB 1.
const SAMBA_SMB1: &[&str] = &[
    "00000061ff534d4272000000008803c00000000000000000000000000000feff00000100110000033200010004410000\
     0000010003360000fdf380009ef7de34377add010000081c00b512784001bd8f474c004100420000004c004100420048\
     0032000000",
    "00000074ff534d4273000000008803c00000000000000000000000000000feffd951010003ff00000000004b00005700\
     69006e0064006f0077007300200036002e0031000000530061006d0062006100200034002e00310037002e0031003200\
     2d00440065006200690061006e0000004c00410042000000",
    "00000030ff534d4275000000008803c0000000000000000000000000832afeffd951010003ff00000001000700495043\
     00000000",
];

/// MariaDB 10.11, root without a password.
const MARIADB: &[&str] = &[
    "640000000a352e352e352d31302e31312e31392d4d6172696144422d302b64656231327531001500000077605c2d6b52\
     3a6800fef7080200ff81150000000000001d0000007e61492b3a2137302a247339006d7973716c5f6e61746976655f70\
     617373776f726400",
    "0700000200000002000000",
];

/// PostgreSQL 15 that trusts everybody.
const POSTGRESQL: &[&str] =
    &["520000000800000000530000001e6170706c69636174696f6e5f6e616d650070616c697361646500530000001e636c69\
     656e745f656e636f64696e670053514c5f4153434949005300000017446174655374796c650049534f2c204d44590053\
     0000002664656661756c745f7472616e73616374696f6e5f726561645f6f6e6c79006f6666005300000017696e5f686f\
     745f7374616e646279006f6666005300000019696e74656765725f6461746574696d6573006f6e00530000001b496e74\
     657276616c5374796c6500706f73746772657300530000001469735f737570657275736572006f6e00530000001e7365\
     727665725f656e636f64696e670053514c5f41534349490053000000327365727665725f76657273696f6e0031352e31\
     38202844656269616e2031352e31382d302b646562313275312900530000002373657373696f6e5f617574686f72697a\
     6174696f6e00706f7374677265730053000000237374616e646172645f636f6e666f726d696e675f737472696e677300\
     6f6e00530000001554696d655a6f6e65004574632f555443004b0000000c000036062dbe1bc05a0000000549"];

/// OpenLDAP 2.5 that lets strangers read.
const OPENLDAP: &[&str] = &[
    "300c02010161070a010004000400",
    "3082035d020102648203560400308203503025040b6f626a656374436c61737331160403746f70040f4f70656e4c4441\
     50726f6f74445345302a04157374727563747572616c4f626a656374436c6173733111040f4f70656e4c444150726f6f\
     74445345301c040d636f6e666967436f6e74657874310b0409636e3d636f6e6669673022040e6e616d696e67436f6e74\
     657874733110040e64633d6c61622c64633d746573743081ce0410737570706f72746564436f6e74726f6c3181b90418\
     322e31362e3834302e312e3131333733302e332e342e31380417322e31362e3834302e312e3131333733302e332e342e\
     320417312e332e362e312e342e312e343230332e312e31302e31040c312e332e362e312e312e32320416312e322e3834\
     302e3131333535362e312e342e3331390417312e322e3832362e302e312e333334343831302e322e33040e312e332e36\
     2e312e312e31332e32040e312e332e362e312e312e31332e31040c312e332e362e312e312e313230750412737570706f\
     72746564457874656e73696f6e315f0417312e332e362e312e342e312e343230332e312e31312e310417312e332e362e\
     312e342e312e343230332e312e31312e33040b312e332e362e312e312e38040e312e332e362e312e312e32312e33040e\
     312e332e362e312e312e32312e3130819c0411737570706f727465644665617475726573318186040c312e332e362e31\
     2e312e31340416312e332e362e312e342e312e343230332e312e352e310416312e332e362e312e342e312e343230332e\
     312e352e320416312e332e362e312e342e312e343230332e312e352e330416312e332e362e312e342e312e343230332e\
     312e352e340416312e332e362e312e342e312e343230332e312e352e35301b0414737570706f727465644c4441505665\
     7273696f6e31030401333081800417737570706f727465645341534c4d656368616e69736d733165040d534352414d2d\
     5348412d353132040d534352414d2d5348412d333834040d534352414d2d5348412d323536040d534352414d2d534841\
     2d323234040b534352414d2d5348412d31040a4449474553542d4d443504084352414d2d4d443504044e544c4d300d04\
     07656e747279444e3102040030230411737562736368656d61537562656e747279310e040c636e3d537562736368656d\
     61300c02010265070a010004000400",
    "30170201036412040e64633d6c61622c64633d746573743000300c02010365070a010404000400",
];

/// BIND 9 giving a zone away.
const BIND_TRANSFER: &[&str] =
    &["009c000984800001000500000000036c616204746573740000fc0001c00c000600010000003c0020026e73c00c04726f\
     6f74c00c000000010000003c0000003c0000003c0000003cc00c000200010000003c0002c026c026000100010000003c\
     00040a4d010403777777c00c000100010000003c00040a4d0104c00c000600010000003c0018c026c02b000000010000\
     003c0000003c0000003c0000003c"];

/// rpcbind listing itself.
const RPCBIND: &[&str] =
    &["800000940000004d000000010000000000000000000000000000000000000001000186a000000004000000060000006f\
     00000001000186a000000003000000060000006f00000001000186a000000002000000060000006f00000001000186a0\
     00000004000000110000006f00000001000186a000000003000000110000006f00000001000186a00000000200000011\
     0000006f00000000"];

#[expect(clippy::unwrap_used, reason = "the hex is written above")]
fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u32> = hex.chars().map(|digit| digit.to_digit(16).unwrap()).collect();
    digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap()).collect()
}

/// Plays the answers, each of them byte by byte; the conversation must wait for every last byte.
fn play(conversation: &mut impl Conversation, answers: &[&str]) {
    conversation.start();
    for (number, answer) in answers.iter().enumerate() {
        let answer = bytes(answer);
        for length in 1..answer.len() {
            assert_eq!(
                conversation.receive(&answer[..length]),
                Step::NeedMore,
                "answer {number}, {length} bytes"
            );
        }
        let step = conversation.receive(&answer);
        let last = number + 1 == answers.len();
        assert!(!matches!(step, Step::NeedMore | Step::Failed(_)), "answer {number}: {step:?}");
        assert_eq!(step.continues(), !last, "answer {number}: {step:?}");
    }
}

/// Cuts or bends each answer in every place: no conversation may panic.
fn bend<C: Conversation>(make: impl Fn() -> C, answers: &[&str]) {
    for (number, answer) in answers.iter().enumerate() {
        let answer = bytes(answer);
        for position in 0..answer.len() {
            for value in [0, 0x7f, 0xff] {
                let mut conversation = make();
                conversation.start();
                for earlier in &answers[..number] {
                    conversation.receive(&bytes(earlier));
                }
                let mut bent = answer.clone();
                bent[position] = value;
                conversation.receive(&bent);
                conversation.closed(&bent[..position]);
            }
        }
    }
}

#[test]
fn samba_over_smb_3() {
    let make = || smb::Smb2Conversation::new(&smb::Dialect::ALL, true, [3; 32]);
    let mut conversation = make();
    play(&mut conversation, SAMBA_SMB2);
    let facts = conversation.finish();
    assert_eq!(facts.dialects, ["3.1.1"]);
    assert_eq!((facts.signing_required, facts.null_session), (Some(false), Some(true)));
    assert_eq!((facts.host_name.as_deref(), facts.os_version.as_deref()), (Some("LABH2"), Some("6.1.0")));
    bend(make, SAMBA_SMB2);
}

#[test]
fn samba_over_smb_1() {
    let mut conversation = smb::Smb1Conversation::new();
    play(&mut conversation, SAMBA_SMB1);
    let facts = conversation.finish();
    assert!(facts.smb1);
    assert_eq!(facts.native_os.as_deref(), Some("Windows 6.1"));
    assert_eq!(facts.native_lan_manager.as_deref(), Some("Samba 4.17.12-Debian"));
    assert_eq!((facts.domain.as_deref(), facts.null_session), (Some("LAB"), Some(true)));
    bend(smb::Smb1Conversation::new, SAMBA_SMB1);
}

#[test]
fn mariadb_without_a_password() {
    let make = || mysql::MysqlConversation::new(Some("root"));
    let mut conversation = make();
    play(&mut conversation, MARIADB);
    let facts = conversation.finish();
    assert_eq!((facts.protocol, facts.version.as_str()), (10, "10.11.19-MariaDB-0+deb12u1"));
    assert_eq!((facts.tls, facts.empty_password_users), (false, vec!["root".to_owned()]));
    bend(make, MARIADB);
}

#[test]
fn postgresql_that_trusts() {
    let make = || postgres::PostgresConversation::new(false);
    let mut conversation = make();
    play(&mut conversation, POSTGRESQL);
    let facts = conversation.finish();
    assert_eq!(facts.authentication, "trust");
    assert_eq!(facts.version.as_deref(), Some("15.18 (Debian 15.18-0+deb12u1)"));
    bend(make, POSTGRESQL);
}

#[test]
fn openldap_that_lets_strangers_read() {
    let mut conversation = ldap::LdapConversation::new();
    play(&mut conversation, OPENLDAP);
    let facts = conversation.finish();
    assert_eq!((facts.anonymous_bind, facts.anonymous_read, facts.starttls), (true, Some(true), false));
    assert_eq!((facts.naming_contexts, facts.sasl_mechanisms.len()), (vec!["dc=lab,dc=test".to_owned()], 8));
    bend(ldap::LdapConversation::new, OPENLDAP);
}

#[test]
fn bind_that_gives_a_zone_away() {
    // The question's number is the one the capture was made with.
    let make = || dns::TransferConversation::new("lab.test", 9);
    let mut conversation = make();
    play(&mut conversation, BIND_TRANSFER);
    assert_eq!(conversation.finish(), (Some(true), 4));
    bend(make, BIND_TRANSFER);
}

#[test]
fn rpcbind_that_lists_itself() {
    let make = || rpc::RpcConversation::new(rpc::RpcQuestion::Dump, 77);
    let mut conversation = make();
    play(&mut conversation, RPCBIND);
    let programs = conversation.finish().programs;
    assert_eq!(programs.len(), 6);
    assert!(programs.iter().all(|program| program.name == "portmapper" && program.port == 111));
    bend(make, RPCBIND);
}
