//! Where clients connect: a loopback address, or a Unix socket of the user's own.

use std::fs;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

/// A socket that listens.
#[derive(Debug)]
pub struct Listener {
    socket: Socket,
    url: String,
}

#[derive(Debug)]
enum Socket {
    Tcp(TcpListener, SocketAddr),
    Unix(UnixListener, #[expect(dead_code, reason = "held for its end")] Bound),
}

/// A bound path, which goes with its listener.
#[derive(Debug)]
struct Bound {
    path: PathBuf,
    inode: u64,
}

impl Bound {
    fn at(path: &Path) -> io::Result<Bound> {
        Ok(Bound { path: path.to_owned(), inode: fs::symlink_metadata(path)?.ino() })
    }
}

impl Drop for Bound {
    fn drop(&mut self) {
        // Another process may have put its own there.
        if fs::symlink_metadata(&self.path).is_ok_and(|found| found.ino() == self.inode) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Under which names a listener is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Authority {
    /// Host and port.
    Tcp(SocketAddr),
    /// A file; names say nothing of it.
    Unix,
}

impl Listener {
    /// Listens on `ADDRESS:PORT`, or on `unix:PATH`.
    ///
    /// # Errors
    ///
    /// The address is none, is not loopback, or is taken.
    pub async fn bind(address: &str) -> io::Result<Listener> {
        match address.strip_prefix("unix:") {
            Some(path) => Listener::bind_unix(Path::new(path)),
            None => Listener::bind_tcp(address).await,
        }
    }

    async fn bind_tcp(address: &str) -> io::Result<Listener> {
        let invalid = |message: String| io::Error::new(io::ErrorKind::InvalidInput, message);
        let address: SocketAddr =
            address.parse().map_err(|_| invalid(format!("`{address}` is not ADDRESS:PORT or unix:PATH")))?;
        if !address.ip().is_loopback() {
            return Err(invalid(format!(
                "`{}` is reachable from other computers; only loopback addresses and Unix sockets are served",
                address.ip()
            )));
        }
        let socket = TcpListener::bind(address).await?;
        let bound = socket.local_addr()?;
        Ok(Listener { url: format!("http://{bound}"), socket: Socket::Tcp(socket, bound) })
    }

    /// Bound under another name, closed to others, and then renamed: nobody can connect before it is closed.
    fn bind_unix(path: &Path) -> io::Result<Listener> {
        match fs::symlink_metadata(path) {
            Ok(found) if !found.file_type().is_socket() => {
                return Err(io::Error::new(io::ErrorKind::AlreadyExists, "the path is not a socket"));
            }
            Ok(_) if std::os::unix::net::UnixStream::connect(path).is_ok() => {
                return Err(io::ErrorKind::AddrInUse.into());
            }
            _ => {}
        }
        let beside = path.with_extension(format!("{}.new", std::process::id()));
        let _ = fs::remove_file(&beside);
        let socket = UnixListener::bind(&beside)?;
        let bound = Bound::at(&beside)?;
        fs::set_permissions(&beside, fs::Permissions::from_mode(0o600))?;
        fs::rename(&beside, path)?;
        let bound = Bound { path: path.to_owned(), inode: bound.inode };
        Ok(Listener { url: format!("unix:{}", path.display()), socket: Socket::Unix(socket, bound) })
    }

    /// Where it listens: `http://ADDRESS:PORT` or `unix:PATH`.
    pub fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn authority(&self) -> Authority {
        match &self.socket {
            Socket::Tcp(_, address) => Authority::Tcp(*address),
            Socket::Unix(..) => Authority::Unix,
        }
    }

    /// The next connection of a user who may connect.
    pub(crate) async fn accept(&self) -> io::Result<Stream> {
        match &self.socket {
            Socket::Tcp(socket, _) => {
                let (stream, _) = socket.accept().await?;
                stream.set_nodelay(true)?;
                Ok(Stream::Tcp(stream))
            }
            Socket::Unix(socket, _) => loop {
                let (stream, _) = socket.accept().await?;
                if stream.peer_cred().is_ok_and(|peer| may_connect(peer.uid())) {
                    return Ok(Stream::Unix(stream));
                }
            },
        }
    }
}

/// The user of this process, and root, from whom nothing can be kept.
fn may_connect(uid: u32) -> bool {
    uid == rustix::process::geteuid().as_raw() || uid == 0
}

impl Authority {
    /// Whether a `Host` names this listener.
    pub(crate) fn is(&self, host: &str) -> bool {
        let Authority::Tcp(address) = self else { return true };
        let Ok(authority) = host.parse::<http::uri::Authority>() else { return false };
        let name = authority.host().trim_start_matches('[').trim_end_matches(']');
        let is_here = name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>() == Ok(address.ip());
        is_here && authority.port_u16().unwrap_or(80) == address.port() && !host.contains('@')
    }
}

/// A connection.
#[derive(Debug)]
pub(crate) enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Tcp(stream) => Pin::new(stream).poll_read(cx, buf),
            Stream::Unix(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Stream::Tcp(stream) => Pin::new(stream).poll_write(cx, bytes),
            Stream::Unix(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Tcp(stream) => Pin::new(stream).poll_flush(cx),
            Stream::Unix(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            Stream::Unix(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Stream::Tcp(stream) => Pin::new(stream).poll_write_vectored(cx, bytes),
            Stream::Unix(stream) => Pin::new(stream).poll_write_vectored(cx, bytes),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_names_the_listener_by_address_or_localhost_and_port() {
        let here = Authority::Tcp("127.0.0.1:4180".parse().expect("an address"));
        for host in ["127.0.0.1:4180", "localhost:4180", "LocalHost:4180"] {
            assert!(here.is(host), "{host}");
        }
        for host in [
            "127.0.0.1:4180.evil.example",
            "127.0.0.1:41800",
            "127.0.0.1",
            "localhost",
            "evil.example:4180",
            "127.0.0.2:4180",
            "x@127.0.0.1:4180",
            "127.0.0.1.evil.example:4180",
            "",
        ] {
            assert!(!here.is(host), "{host}");
        }
        let six = Authority::Tcp("[::1]:4180".parse().expect("an address"));
        assert!(six.is("[::1]:4180") && six.is("localhost:4180") && !six.is("127.0.0.1:4180"));
    }

    #[tokio::test]
    async fn addresses_of_other_computers_are_refused() {
        for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0", "localhost:0", "4180"] {
            assert!(Listener::bind(address).await.is_err(), "{address}");
        }
        let listener = Listener::bind("127.0.0.1:0").await.expect("a port");
        assert!(listener.url().starts_with("http://127.0.0.1:"), "{}", listener.url());
    }

    #[tokio::test]
    async fn a_socket_is_closed_to_others_and_goes_with_its_listener() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("serve.sock");
        let address = format!("unix:{}", path.display());
        let listener = Listener::bind(&address).await.expect("a socket");
        let mode = fs::metadata(&path).expect("a socket").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(Listener::bind(&address).await.is_err(), "it is taken");
        drop(listener);
        assert!(!path.exists());
        // One that a killed process left is replaced.
        drop(std::os::unix::net::UnixListener::bind(&path).expect("a socket"));
        drop(Listener::bind(&address).await.expect("a socket"));
        fs::write(&path, "mine").expect("a file");
        assert!(Listener::bind(&address).await.is_err());
        assert_eq!(fs::read_to_string(&path).expect("a file"), "mine");
    }
}
