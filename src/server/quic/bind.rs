//! Sockets.

use std::io;
use std::net::{SocketAddr, UdpSocket};

use socket2::{Domain, Protocol, Socket, Type};

use super::error::QuicError;
use super::settings::QuicSettings;

/// Sockets at the address of the settings, all at the same port.
pub(super) fn sockets(settings: &QuicSettings) -> Result<Vec<UdpSocket>, QuicError> {
    let shared = settings.sockets > 1;
    let listen = |address| {
        open(address, shared, settings.socket_buffer).map_err(|source| QuicError::Listen { address, source })
    };
    let first = listen(settings.address)?;
    // Port 0 means any port, but the same one for all.
    let address =
        first.local_addr().map_err(|source| QuicError::Listen { address: settings.address, source })?;
    let others = (1..settings.sockets).map(|_| listen(address));
    std::iter::once(Ok(first)).chain(others).collect()
}

fn open(address: SocketAddr, shared: bool, buffer: usize) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    #[cfg(unix)]
    if shared {
        socket.set_reuse_port(true)?;
    }
    #[cfg(not(unix))]
    if shared {
        return Err(io::Error::new(io::ErrorKind::Unsupported, "sockets cannot share a port on this system"));
    }
    // The system grants what its own limit allows; less is slower under bursts and nothing worse.
    let _ = socket.set_recv_buffer_size(buffer);
    let _ = socket.set_send_buffer_size(buffer);
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(socket.into())
}
