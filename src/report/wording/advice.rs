//! Advice in words.

use std::borrow::Cow;

use crate::model::advice::{Advice, DataKind};
use crate::report::text::first_few;

/// How many known services are named: a line holds about as many.
const MAX_SERVICES: usize = 5;

/// Advice as a sentence without a full stop.
pub(super) fn advice(advice: &Advice) -> Cow<'_, str> {
    Cow::Borrowed(match advice {
        Advice::AskAgain => "ask again",
        Advice::AskLessOften => {
            "ask again later, or for less: narrow the time, name services and keys; --in-flight 1 asks one thing at a time"
        }
        Advice::AskAgainThen => "try again then",
        Advice::AskLaterOrReadServerLog => "the server itself says so: ask again later, or look at its own log",
        Advice::AskOperator => "ask whoever runs it",
        Advice::WaitUntilHealthy => "wait until it is well again; `trace doctor` tells",
        Advice::CheckRunningAndAddress => "is it running, and is this its address?",
        Advice::CheckLoadAndLog => "is it overloaded, or starting? its own log tells; ask again later",
        Advice::CheckLoadForOneAnswer => "the server is overloaded or stuck; one answer may take half of --timeout",
        Advice::CheckLoadWhileReading => "the server is overloaded or stuck; see --idle-timeout",
        Advice::CheckBasePath => "does the address lack a base path, or name another kind of server?",
        Advice::CheckSignInAndBasePath => {
            "is a proxy asking you to sign in, or is the base path missing? open the address in a browser"
        }
        Advice::CheckPort => "does something else listen there? check the port",
        Advice::CheckSchemeAndPort => "check the scheme and the port: should it be http://?",
        Advice::CheckAddressAndFirewall => {
            "is the address right, and does a firewall swallow it? see --connect-timeout"
        }
        Advice::CheckNameAndDns => "is the name right, and does this machine's DNS know it?",
        Advice::NameFinalAddress => "name the final address",
        Advice::NameFinalAddressOrSignIn => "name the final address, or sign in where the proxy wants it",
        Advice::SeeConfiguration => "see `trace config show` for the address and the credentials in force",
        Advice::CheckProxyAddress => "is the proxy of the environment right?",
        Advice::CheckProxyHealth => "is the proxy of the environment well?",
        Advice::CheckProxyPermission => "may it connect there? else name the host in NO_PROXY",
        Advice::SetProxyCredentials => {
            "put the proxy's user name and password into HTTP_PROXY, or name the host in NO_PROXY"
        }
        Advice::SetTunnelCredentials => {
            "put the proxy's user name and password into HTTPS_PROXY, or name the host in NO_PROXY"
        }
        Advice::CheckProxyChangesAnswers => "does a proxy change the answers?",
        Advice::CheckProxyCompressesTwice => "does a proxy pack the answers once more?",
        Advice::CheckProxyOrCache => "does a proxy or a cache stand between? open the address in a browser",
        Advice::RecordOrCheckProxy => "--record DIR keeps the answer as it came; does a proxy stand between?",
        Advice::FewerKeysOrServerLimit => {
            "ask for fewer keys with --key, or raise the limit of the server or of the proxy before it"
        }
        Advice::RenewCertificateOrSetClock => "renew it, or is this machine's clock wrong?",
        Advice::TrustAuthority => "name its CA: --ca-cert, `tls = { ca = … }` in the profile, or the system's roots",
        Advice::ServerCertificateOfItsOwn => {
            "give the server one that the CA signed, or one with basicConstraints=CA:FALSE"
        }
        Advice::UseCertificateName => "use the name that the certificate has",
        Advice::NameClientCertificate => {
            "name one: `tls = { cert = …, key = … }` in the profile, or TRACE_<BACKEND>_CLIENT_CERT and _KEY"
        }
        Advice::ServerNeedsNewerTls => "it should speak TLS 1.2 or 1.3",
        Advice::CheckCertificate => "check the certificate and the host name",
        Advice::ReplayWithSameFlags => "replay with the same ID and flags as were recorded; -vv shows each request",
        Advice::CheckScraping => "is who makes or scrapes it away? --via spans reads what was stored",
        Advice::CheckPanelQuery => "look at its query in the configuration; --show-queries prints what was asked",
        Advice::CheckPhaseQueries => "look at [phases] in the configuration",
        Advice::WholeHours => "--since 2h is such a time",
        Advice::AskForSpans => "spans were read; --via spans asks for them without this note",
        Advice::CountsAreAtLeast => "counts are at least these",
        Advice::CountsAreOfAll => "counts are of all",
        Advice::SampleIsBiased => {
            "what touches several services is read more often than its share; --limit raises it, --start and --end \
             narrow the time"
        }
        Advice::NoServiceKnown => "it knows no service yet: do your services send their spans here?",
        Advice::NoLineInAWeek => "no line in 7 days: does anything ship logs here, and is the tenant right?",
        Advice::OtherStreamsNotSearched => "streams without that label are not asked: set `selector` in the profile",
        Advice::FilteredHere => {
            "answers are filtered here instead, which costs more: use --jaeger-api v1 if the server has it"
        }
        Advice::NameAddress(source) => return Cow::Owned(format!("name it with --{}-url", source.as_str())),
        Advice::NameBackend(source) => {
            let name = source.as_str();
            let title = name[..1].to_uppercase() + &name[1..];
            return Cow::Owned(format!("name {title} with --{name}-url"));
        }
        Advice::NameAddressOrProfile(source) => {
            return Cow::Owned(format!("name its address with --{}-url or in the profile", source.as_str()));
        }
        Advice::DidYouMean(name) => return Cow::Owned(format!("did you mean {name}?")),
        Advice::KnownServices(services) if services.is_empty() => "it knows none",
        Advice::KnownServices(services) => {
            return Cow::Owned(format!("it knows {}", first_few(services, MAX_SERVICES)));
        }
        Advice::NothingFound(kind) => {
            return Cow::Owned(format!("no {} was found: is anything being sent?", name(*kind)));
        }
        Advice::DataIsOld(kind) => {
            return Cow::Owned(format!("the newest {} is old: is anything still being sent?", name(*kind)));
        }
        Advice::Quote(text) => text,
    })
}

fn name(kind: DataKind) -> &'static str {
    match kind {
        DataKind::Span => "span",
        DataKind::Line => "line",
        DataKind::Sample => "sample",
    }
}
