use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown, symlink};
use std::path::PathBuf;

use super::*;

struct Disk(tempfile::TempDir);

impl Disk {
    fn new() -> Disk {
        let disk = Disk(tempfile::tempdir().unwrap());
        fs::create_dir(disk.path("folder")).unwrap();
        fs::write(disk.path("folder/plain"), "text").unwrap();
        disk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn mode(&self, name: &str, mode: u32) {
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(mode)).unwrap();
    }

    #[track_caller]
    fn check(&self, name: &str, links: Links, owner: Owner, expect: Option<NotOwn>) {
        let opened = open(&self.path(name), links, owner);
        let reason = opened.as_ref().err().map(|error| NotOwn::of(error).expect("a reason"));
        assert_eq!(reason, expect, "{name}: {opened:?}");
    }
}

#[test]
fn s20_a_link_is_refused_wherever_it_leads_and_its_target_is_not_read() {
    let disk = Disk::new();
    for (name, target) in [("a", "plain"), ("b", "/proc/self/environ"), ("c", "/nowhere")] {
        symlink(target, disk.path("folder").join(name)).unwrap();
        disk.check(&format!("folder/{name}"), Links::Above, Owner::Any, Some(NotOwn::Link));
        disk.check(&format!("folder/{name}"), Links::Refused, Owner::Any, Some(NotOwn::Link));
    }
    disk.check("folder/a", Links::Followed, Owner::Mine, None);
}

#[test]
fn s20_a_linked_folder_is_refused_where_links_are() {
    let disk = Disk::new();
    symlink(disk.path("folder"), disk.path("linked")).unwrap();
    disk.check("linked/plain", Links::Refused, Owner::Any, Some(NotOwn::Link));
    disk.check("linked/plain", Links::Above, Owner::Any, None);
    let folder = Folder::open(&disk.path("linked"), Links::Above).unwrap_err();
    assert_eq!(NotOwn::of(&folder), Some(NotOwn::Link));
    assert!(Folder::open(&disk.path("linked"), Links::Followed).is_ok());
}

#[test]
fn a_pipe_is_refused_and_never_waited_for() {
    let disk = Disk::new();
    let pipe = disk.path("folder/pipe");
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, FileType::Fifo, Mode::from_raw_mode(0o644), 0).unwrap();
    for links in [Links::Followed, Links::Above, Links::Refused] {
        disk.check("folder/pipe", links, Owner::Any, Some(NotOwn::NotPlain));
    }
    disk.check("folder", Links::Above, Owner::Any, Some(NotOwn::NotPlain));
}

#[test]
fn s20_what_others_can_write_to_is_not_the_users_own() {
    let disk = Disk::new();
    disk.mode("folder/plain", 0o666);
    disk.check("folder/plain", Links::Followed, Owner::Any, None);
    for owner in [Owner::Mine, Owner::MineOrRootRuns] {
        disk.check("folder/plain", Links::Followed, owner, Some(NotOwn::Writable(0o666)));
    }
    disk.mode("folder", 0o777);
    let folder = Folder::open(&disk.path("folder"), Links::Above).unwrap();
    assert_eq!(
        folder.judge(Owner::Mine).err().as_ref().and_then(NotOwn::of),
        Some(NotOwn::FolderWritable(0o777))
    );
    assert!(folder.judge(Owner::Any).is_ok());
}

#[test]
fn s20_what_another_user_owns_is_not_the_users_own() {
    let disk = Disk::new();
    if rustix::process::geteuid().is_root() {
        chown(disk.path("folder/plain"), Some(12_345), None).unwrap();
        disk.check("folder/plain", Links::Above, Owner::Mine, Some(NotOwn::Foreign(12_345)));
        disk.check("folder/plain", Links::Above, Owner::MineOrRootRuns, None);
    }
}

#[test]
fn a_group_counts_as_others_unless_it_is_the_users_own() {
    const PASSWD: &str = "root:x:0:0::/:/bin/sh\nann:x:1000:1000::/:/bin/sh\nbob:x:1001:50::/:/bin/sh\n";
    const GROUP: &str = "root:x:0:\nann:x:1000:\nstaff:x:50:ann\nwork:x:60:ann,bob\nown:x:70:ann\nbob:x:80:\nours:x:1001:bob\n";
    let private = |gid, uid| is_private(gid, uid, PASSWD, GROUP);
    assert!(private(1000, 1000) && private(0, 0) && private(1001, 1001) && private(80, 1001));
    assert!(!private(60, 60) && !private(70, 1000));
    assert!(!private(50, 1000) && !private(60, 1000) && !private(50, 1001) && !private(1000, 1001));
    // A directory service knows users that the files don't.
    assert!(private(7000, 7000) && !private(7001, 7000));
}

#[test]
fn s20_a_file_that_its_group_can_write_is_the_users_own_where_the_group_is() {
    if rustix::process::geteuid().is_root() {
        let disk = Disk::new();
        disk.mode("folder/plain", 0o660);
        disk.check("folder/plain", Links::Followed, Owner::Mine, None);
        chown(disk.path("folder/plain"), None, Some(12_345)).unwrap();
        disk.check("folder/plain", Links::Followed, Owner::Mine, Some(NotOwn::Writable(0o660)));
    }
}

#[test]
fn a_socket_is_no_plain_file() {
    let disk = Disk::new();
    let _socket = std::os::unix::net::UnixListener::bind(disk.path("folder/socket")).unwrap();
    disk.check("folder/socket", Links::Above, Owner::Any, Some(NotOwn::NotPlain));
}

#[test]
fn a_refusal_says_what_its_owner_can_do() {
    for (reason, help) in [
        (NotOwn::Link, "copy"),
        (NotOwn::NotPlain, "plain file"),
        (NotOwn::Foreign(7), "chown"),
        (NotOwn::FolderForeign(7), "chown"),
        (NotOwn::Writable(0o666), "chmod go-w"),
        (NotOwn::FolderWritable(0o777), "chmod go-w"),
    ] {
        assert!(reason.help().contains(help), "{reason:?}");
    }
}

#[test]
fn a_replacement_overwrites_nothing_that_lies_beside() {
    let disk = Disk::new();
    let beside = disk.path(&format!("folder/.plain.{}.new", std::process::id()));
    fs::write(&beside, "another's").unwrap();
    replace(&disk.path("folder/plain"), Links::Above, "new").unwrap_err();
    assert_eq!(fs::read_to_string(&beside).unwrap(), "another's");
    assert_eq!(fs::read_to_string(disk.path("folder/plain")).unwrap(), "text");
}

#[test]
fn a_file_is_replaced_as_a_whole_and_keeps_its_mode() {
    let disk = Disk::new();
    disk.mode("folder/plain", 0o640);
    replace(&disk.path("folder/plain"), Links::Above, "new").unwrap();
    assert_eq!(fs::read_to_string(disk.path("folder/plain")).unwrap(), "new");
    assert_eq!(fs::metadata(disk.path("folder/plain")).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(Folder::open(&disk.path("folder"), Links::Above).unwrap().names(), ["plain"]);
}

#[test]
fn s20_nothing_is_written_through_a_link() {
    let disk = Disk::new();
    fs::write(disk.path("outside"), "as it was").unwrap();
    symlink(disk.path("outside"), disk.path("folder/link")).unwrap();
    let error = replace(&disk.path("folder/link"), Links::Above, "new").unwrap_err();
    assert_eq!(NotOwn::of(&error), Some(NotOwn::Link));
    assert_eq!(fs::read_to_string(disk.path("outside")).unwrap(), "as it was");
}

#[test]
fn a_file_that_is_not_there_is_just_not_there() {
    let disk = Disk::new();
    for links in [Links::Followed, Links::Above, Links::Refused] {
        let error = open(&disk.path("folder/none"), links, Owner::Any).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }
    let long = read(&disk.path("folder/plain"), Links::Above, Owner::Any, 3).unwrap_err();
    assert_eq!(long.kind(), io::ErrorKind::FileTooLarge);
    assert_eq!(read(&disk.path("folder/plain"), Links::Above, Owner::Any, 4).unwrap(), b"text");
}
