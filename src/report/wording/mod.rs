//! The one place where facts and actions become sentences, flags and shell text.

pub(crate) mod actions;
mod advice;
pub(crate) mod checks;
pub(crate) mod data;
pub(crate) mod findings;
pub(crate) mod outcomes;
pub(crate) mod see_more;
pub mod shell;

use crate::model::filter::Filters;
use crate::model::provenance::Provenance;
use crate::report::wording::data::{data_flags, installation_flags};

/// The data that an answer, or a part of it, rests on, as far as a command needs it to be about the same.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SameData<'a> {
    /// The ID that it is about; none where it is about several, or about none.
    subject: Option<&'a str>,
    provenance: &'a Provenance,
}

impl<'a> SameData<'a> {
    /// The data of a whole answer.
    pub(crate) fn new(provenance: &'a Provenance) -> Self {
        Self { subject: provenance.subject.as_deref(), provenance }
    }

    /// The data of one of the runs that an answer is about.
    pub(crate) fn for_run(subject: &'a str, provenance: &'a Provenance) -> Self {
        Self { subject: Some(subject), provenance }
    }

    /// The ID as a command needs it; none where the flags name the run.
    fn subject(&self) -> Option<&'a str> {
        self.subject.filter(|_| !self.provenance.names_one_run())
    }

    /// The flags that name the data, such as `--demo`; may be empty.
    fn flags(&self) -> String {
        data_flags(&self.provenance.data)
    }

    /// The flags that name the backends, such as `--jaeger-url`; may be empty.
    fn installation_flags(&self) -> String {
        installation_flags(&self.provenance.data)
    }

    /// Where figures were to be taken from; none where that was not said.
    fn via(&self) -> Option<&'static str> {
        self.provenance.data.via
    }

    /// The filters that the answer is about.
    fn filters(&self) -> &'a Filters {
        &self.provenance.filters
    }
}
