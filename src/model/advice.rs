//! Advice beside a failure or a note, as data. `report::wording::advice` puts it into words.

use serde::{Deserialize, Serialize};

use crate::model::source::Source;

/// What to check, or to do outside of this program, where something is wrong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Advice {
    /// Ask again.
    AskAgain,
    /// Ask again later, or for less: the server limits the rate.
    AskLessOften,
    /// Ask again when the time is over that the server names.
    AskAgainThen,
    /// Ask again later, or read the server's own log.
    AskLaterOrReadServerLog,
    /// Ask an operator of the server.
    AskOperator,
    /// Wait until the backend is healthy again.
    WaitUntilHealthy,
    /// Whether the server runs, and has this address.
    CheckRunningAndAddress,
    /// Whether the server is overloaded or starting.
    CheckLoadAndLog,
    /// Whether the server is overloaded: an answer did not end in time.
    CheckLoadForOneAnswer,
    /// Whether the server is overloaded: an answer stalled.
    CheckLoadWhileReading,
    /// Whether the address lacks a base path, or names another kind of server.
    CheckBasePath,
    /// Whether a proxy asks for a sign-in, or the base path is missing.
    CheckSignInAndBasePath,
    /// Whether something else listens at the port.
    CheckPort,
    /// Whether the scheme and the port are right.
    CheckSchemeAndPort,
    /// Whether the address is right, and no firewall drops the connection.
    CheckAddressAndFirewall,
    /// Whether the host name is right, and can be resolved.
    CheckNameAndDns,
    /// Name the address that the server redirects to.
    NameFinalAddress,
    /// The same, or sign in.
    NameFinalAddressOrSignIn,
    /// Look at the address and the credentials in force.
    SeeConfiguration,
    /// Whether the environment names the right proxy.
    CheckProxyAddress,
    /// Whether the proxy is healthy.
    CheckProxyHealth,
    /// Whether the proxy may connect to the server.
    CheckProxyPermission,
    /// Give the proxy's user name and password.
    SetProxyCredentials,
    /// The same for a proxy that opens tunnels to HTTPS servers.
    SetTunnelCredentials,
    /// Whether a proxy changes the answers.
    CheckProxyChangesAnswers,
    /// Whether a proxy compresses answers twice.
    CheckProxyCompressesTwice,
    /// Whether a proxy or a cache swallows the answer.
    CheckProxyOrCache,
    /// Record the answer, or check whether a proxy changes it.
    RecordOrCheckProxy,
    /// Ask for fewer keys, or raise the limit of the server or proxy.
    FewerKeysOrServerLimit,
    /// Renew the certificate, or set this machine's clock.
    RenewCertificateOrSetClock,
    /// Name the authority that signed the certificate.
    TrustAuthority,
    /// Give the server a certificate of its own.
    ServerCertificateOfItsOwn,
    /// Use the host name that the certificate has.
    UseCertificateName,
    /// Name a client certificate.
    NameClientCertificate,
    /// The server should speak a newer TLS.
    ServerNeedsNewerTls,
    /// Look at the certificate and the host name.
    CheckCertificate,
    /// Replay with the flags of the recording.
    ReplayWithSameFlags,
    /// Whether the metrics are still made and scraped; spans can be read instead.
    CheckScraping,
    /// Look at the query of a panel.
    CheckPanelQuery,
    /// Look at the queries of the phases.
    CheckPhaseQueries,
    /// Widen the window to whole hours.
    WholeHours,
    /// Ask for spans, which does without this note.
    AskForSpans,
    /// Name this backend by its flag.
    NameAddress(Source),
    /// The same, with the name of the backend.
    NameBackend(Source),
    /// Name this backend by its flag, or in the profile.
    NameAddressOrProfile(Source),
    /// Counts are at least these.
    CountsAreAtLeast,
    /// Counts are of all, whatever was read.
    CountsAreOfAll,
    /// Services that many traces touch are read more often than their share; the limit and the window can change.
    SampleIsBiased,
    /// A name that may have been meant.
    DidYouMean(String),
    /// The services that a backend knows; empty where it knows none.
    KnownServices(Vec<String>),
    /// No data of this kind was found: check that it is sent.
    NothingFound(DataKind),
    /// The newest data of this kind is old: check that it is still sent.
    DataIsOld(DataKind),
    /// The backend knows no service: check that spans are sent to it.
    NoServiceKnown,
    /// No log line in a week: check shipping and tenant.
    NoLineInAWeek,
    /// Streams without the usual label are not searched: set a selector.
    OtherStreamsNotSearched,
    /// The server ignores tags, so answers are filtered here: use another API.
    FilteredHere,
    /// What a recording or another program says.
    Quote(String),
}

/// A kind of data that backends have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataKind {
    /// Spans.
    Span,
    /// Log lines.
    Line,
    /// Samples of metrics.
    Sample,
}
