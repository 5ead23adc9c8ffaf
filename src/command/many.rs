//! Many journeys at once: all of a file's, all of the demo's.

use crate::command::asking::{Around, Told, ask, blank, told};
use crate::command::offline::{read_files, within};
use crate::command::{Context, judging};
use crate::demo;
use crate::error::Error;
use crate::model::evidence::Evidence;
use crate::model::time::Timestamp;
use crate::options::journey::JourneyArgs;
use crate::options::sources::Supply;
use crate::query::{Query, Subject};
use crate::stitch::split::split;
use crate::stitch::stitch;

/// Every journey that the flags are about: the one that is named, else all of the files or of the demo.
///
/// # Errors
/// As [`ask`].
pub async fn ask_all(args: &JourneyArgs, context: &Context) -> Result<Vec<Told>, Error> {
    let is_named = args.subject.subject()?.is_some();
    match args.sources.supply(&context.surroundings)? {
        Supply::Files(paths) if !is_named => {
            let now = context.surroundings.now;
            let window = args.time.window(now, context.settings.zone.value)?;
            let shares = split(within(read_files(&paths)?, window), &context.settings.keys.value);
            Ok(together(shares, now, args, context))
        }
        Supply::Demo(None) if !is_named => {
            let runs = demo::embedded().into_iter();
            let shares = runs.map(|(_, run)| (Subject::correlation(&run.correlation_id), demo::evidence(&run)));
            Ok(together(shares.collect(), demo::NOW, args, context))
        }
        _ => Ok(vec![ask(args, Around(0), context).await?]),
    }
}

/// Each is judged by what all of them show.
fn together(shares: Vec<(Subject, Evidence)>, now: Timestamp, args: &JourneyArgs, context: &Context) -> Vec<Told> {
    let query = |subject: &Subject| -> Query { blank(subject.clone(), context, now) };
    let mut known = judging::configured(context);
    for (subject, evidence) in &shares {
        known.learn(&stitch(evidence.clone(), &query(subject)));
    }
    let tell = |(subject, evidence): (Subject, Evidence)| told(evidence, query(&subject), known.clone(), args, context);
    shares.into_iter().map(tell).collect()
}
