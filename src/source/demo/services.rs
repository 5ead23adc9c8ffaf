//! The services of the reference platform.

/// Nanoseconds in a millisecond.
pub const MS: i64 = 1_000_000;

/// The batch orchestrator: HTTP in, messages out.
pub const BATCH: &str = "batch_orchestrator_service";
/// The essay lifecycle: keeps what is known of each essay.
pub const ESSAY: &str = "essay_lifecycle_service";
/// The spell checker.
pub const SPELL: &str = "spell_checker_service";
/// The comparative assessment of essays.
pub const ASSESSMENT: &str = "cj_assessment_service";
