//! Whose program is at the other end of a connection on loopback, as far as the kernel says it.
//!
//! Note: a missing row proves nothing. A peer of another network namespace has none, and one that has closed its end is
//! shown as root's, without an inode. So only an established row with an inode counts, and only against its user.

use std::net::{IpAddr, SocketAddr};

use tokio::net::TcpStream;

/// The two ends of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ends {
    /// The other program's.
    peer: SocketAddr,
    /// This program's.
    own: SocketAddr,
}

impl Ends {
    pub(super) fn of(stream: &TcpStream) -> Option<Ends> {
        Some(Ends { peer: stream.peer_addr().ok()?, own: stream.local_addr().ok()? })
    }

    /// Whether the kernel says that the other end belongs to another user of this computer.
    #[cfg(target_os = "linux")]
    pub(super) fn belong_to_another_user(&self) -> bool {
        let table = |name: &str| std::fs::read_to_string(format!("/proc/net/{name}")).unwrap_or_default();
        let owner = owner(&table("tcp"), self).or_else(|| owner(&table("tcp6"), self));
        owner.is_some_and(|uid| !accepted(uid))
    }

    /// No other system says it to every user.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn belong_to_another_user(&self) -> bool {
        false
    }
}

/// Whether a connection of this user is taken: this user's, root's, that of the user who called `sudo`, and the number that
/// stands for users whom this namespace does not know.
#[cfg(target_os = "linux")]
fn accepted(uid: u32) -> bool {
    let sudo = std::env::var("SUDO_UID").ok().and_then(|text| text.parse().ok());
    let overflow = std::fs::read_to_string("/proc/sys/kernel/overflowuid").ok();
    let overflow = overflow.and_then(|text| text.trim().parse().ok()).unwrap_or(65534);
    let own = [rustix::process::getuid().as_raw(), rustix::process::geteuid().as_raw()];
    uid == 0 || uid == overflow || own.contains(&uid) || Some(uid) == sudo
}

/// The user of the peer's socket in a table as `/proc/net/tcp` and `/proc/net/tcp6` have it: of an established connection
/// that has an inode.
#[cfg_attr(not(target_os = "linux"), allow(dead_code))]
fn owner(table: &str, ends: &Ends) -> Option<u32> {
    // An IPv4 connection of an IPv6 socket stands in the other table, by its mapped address.
    let forms = [false, true].map(|mapped| (written(ends.peer, mapped), written(ends.own, mapped)));
    table.lines().skip(1).find_map(|row| {
        let mut fields = row.split_ascii_whitespace();
        let (local, remote, state) = (fields.nth(1)?, fields.next()?, fields.next()?);
        let (uid, inode) = (fields.nth(3)?, fields.nth(1)?);
        let is_it = forms.iter().any(|(peer, own)| local == peer && remote == own);
        (is_it && state == "01" && inode != "0").then(|| uid.parse().ok()).flatten()
    })
}

/// An address as the table writes it: words of 32 bits in the machine's own order, in hex.
fn written(address: SocketAddr, mapped: bool) -> String {
    let bytes = match address.ip() {
        IpAddr::V4(ip) if !mapped => ip.octets().to_vec(),
        IpAddr::V4(ip) => ip.to_ipv6_mapped().octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    };
    let words = bytes.chunks_exact(4).filter_map(|word| <[u8; 4]>::try_from(word).ok());
    let hex: String = words.map(|word| format!("{:08X}", u32::from_ne_bytes(word))).collect();
    format!("{hex}:{:04X}", address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str =
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";

    fn ends() -> Ends {
        Ends { peer: "127.0.0.1:40000".parse().unwrap(), own: "127.0.0.1:8080".parse().unwrap() }
    }

    /// A row of the kernel's table, of a connection between these ends.
    fn row(ends: (&str, &str), state: &str, uid: u32, inode: u32) -> String {
        let (local, remote) = ends;
        format!(
            "   7: {local} {remote} {state} 00000000:00000000 00:00000000 00000000 {uid:5}        0 {inode} 1 0000000000000000 20 4 30 10 -1\n"
        )
    }

    #[cfg(target_endian = "little")]
    #[test]
    fn the_row_of_the_peer_tells_its_user() {
        let peer = ("0100007F:9C40", "0100007F:1F90");
        let own = ("0100007F:1F90", "0100007F:9C40");
        let mapped = ("0000000000000000FFFF00000100007F:9C40", "0000000000000000FFFF00000100007F:1F90");
        let check = |rows: &[String], expect| {
            assert_eq!(owner(&[&[HEAD.to_owned()], rows].concat().concat(), &ends()), expect, "{rows:?}");
        };
        check(&[row(own, "01", 1, 9), row(peer, "01", 1001, 8)], Some(1001));
        check(&[row(mapped, "01", 1001, 8)], Some(1001));
        check(&[row(own, "01", 1001, 9)], None);
        // Closed, or closing: the kernel has forgotten whose it was.
        check(&[row(peer, "04", 0, 0)], None);
        check(&[row(peer, "01", 0, 0)], None);
        check(&[row(peer, "06", 1001, 8)], None);
        check(&["  garbage".to_owned(), String::new()], None);
    }

    #[cfg(target_endian = "little")]
    #[test]
    fn an_ipv6_peer_has_its_own_form() {
        let ends = Ends { peer: "[::1]:40000".parse().unwrap(), own: "[::1]:8080".parse().unwrap() };
        let loopback = "00000000000000000000000001000000";
        let peer = (format!("{loopback}:9C40"), format!("{loopback}:1F90"));
        let table = format!("{HEAD}{}", row((&peer.0, &peer.1), "01", 7, 8));
        assert_eq!(owner(&table, &ends), Some(7));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn root_and_this_user_are_no_strangers_and_another_is() {
        let own = rustix::process::getuid().as_raw();
        assert!(accepted(0) && accepted(own));
        let stranger = (4_000_000..).find(|uid| *uid != own).unwrap();
        assert!(!accepted(stranger));
    }
}
