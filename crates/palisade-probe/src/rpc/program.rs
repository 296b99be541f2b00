//! Program numbers and the names they are known by.

/// rpcbind, or the port mapper.
pub const PORT_MAPPER: u32 = 100_000;
pub const NFS: u32 = 100_003;
pub const MOUNT: u32 = 100_005;

/// The name of a program, if it is a known one.
#[must_use]
pub fn program_name(program: u32) -> Option<&'static str> {
    Some(match program {
        PORT_MAPPER => "portmapper",
        100_001 => "rstatd",
        100_002 => "rusersd",
        NFS => "nfs",
        100_004 => "ypserv",
        MOUNT => "mountd",
        100_007 => "ypbind",
        100_008 => "walld",
        100_009 => "yppasswdd",
        100_010 => "etherstatd",
        100_011 => "rquotad",
        100_012 => "sprayd",
        100_017 => "rexd",
        100_020 => "llockmgr",
        100_021 => "nlockmgr",
        100_024 => "status",
        100_026 => "bootparamd",
        100_028 => "ypupdated",
        100_029 => "keyserv",
        100_068 => "cmsd",
        100_069 => "ypxfrd",
        100_083 => "ttdbserverd",
        100_087 => "admind",
        100_099 => "autofsd",
        100_133 => "nsm_addrand",
        100_155 => "smserverd",
        100_227 => "nfs_acl",
        100_232 => "sadmind",
        100_249 => "snmpXdmid",
        100_300 => "nisd",
        150_001 => "pcnfsd",
        300_019 => "amd",
        390_109 => "nsrexecd",
        391_002 => "fam",
        391_029 => "espd",
        395_183 => "vxi-11",
        _ => return None,
    })
}
