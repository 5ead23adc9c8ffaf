//! Resolves host names with the system's resolver.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::thread;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::oneshot;

/// Bytes: enough for the C library's resolver.
const STACK: usize = 512 << 10;

/// The system's resolver on a thread for each name, or in place if none can be started.
pub(super) struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let name = name.as_str().to_owned();
        Box::pin(async move {
            let (sender, resolved) = oneshot::channel();
            let host = name.clone();
            // Fails if the request was given up meanwhile.
            let resolve = move || drop(sender.send(resolve_blocking(&host)));
            let addresses = match thread::Builder::new().name("names".to_owned()).stack_size(STACK).spawn(resolve) {
                Ok(_) => resolved.await?,
                Err(_) => resolve_blocking(&name),
            };
            Ok(Box::new(addresses?.into_iter()) as Addrs)
        })
    }
}

fn resolve_blocking(name: &str) -> io::Result<Vec<SocketAddr>> {
    Ok((name, 0).to_socket_addrs()?.collect())
}
