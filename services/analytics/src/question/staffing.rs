//! Staffing: what a number of agents can reach, or how many a service level needs.

use kernel::route::{AnsweredFrom, Parameter, QuestionRoute};
use kernel::{BadParameter, Calculation, Parameters, Unanswerable};
use schemars::JsonSchema;
use serde::Serialize;

use super::READ;
use crate::erlang::{self, ErlangA, ErlangC, NoAnswer};
use crate::staffing::with_shrinkage;

/// More agents than this are a load test of the formula.
const AGENTS_MAX: u32 = 10_000;

const PARAMETERS: &[Parameter] = &[
    Parameter::of::<f64>(
        "arrivals_per_hour",
        "contacts that arrive in an hour; required",
    ),
    Parameter::of::<f64>("aht_s", "average handle time, seconds; required"),
    Parameter::of::<u32>(
        "agents",
        "how many there are; as many as the target needs when absent",
    ),
    Parameter::of::<f64>("within_s", "seconds of the service level; 20 when absent"),
    Parameter::of::<f64>(
        "target",
        "the service level to reach, 0 to 1; 0.8 when absent",
    ),
    Parameter::of::<f64>(
        "patience_s",
        "average patience, seconds; without it no customer leaves",
    ),
    Parameter::of::<f64>("shrinkage", "share of planned time that is lost, 0 to 1"),
];

/// What was asked, in the units of the desk.
struct Asked {
    arrivals_per_hour: f64,
    aht_s: f64,
    /// Absent: as many as the target needs.
    agents: Option<u32>,
    within_s: f64,
    target: f64,
    /// Absent: no customer leaves.
    patience_s: Option<f64>,
    shrinkage: f64,
}

/// What the formula says.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Staffing")]
pub struct Answer {
    /// `erlang_c`, or `erlang_a` where customers have patience.
    model: &'static str,
    erlangs: f64,
    agents: u32,
    /// With leave, training and the like on top.
    agents_planned: Option<u32>,
    occupancy: f64,
    wait_probability: f64,
    asa_s: f64,
    service_level: f64,
    abandon_probability: f64,
}

/// `GET /v1/metrics/staffing`.
pub enum AskStaffing {}

impl Calculation for AskStaffing {
    const ROUTE: QuestionRoute = QuestionRoute::get::<Answer>(
        "/v1/metrics/staffing",
        "staffing",
        READ,
        AnsweredFrom::Calculation,
        "how many agents a service level needs, or what a number of agents can reach",
    )
    .with(PARAMETERS);
    type Answer = Answer;

    fn answer(parameters: &Parameters) -> Result<Answer, Unanswerable> {
        let answer = Asked::read(parameters)?.answer();
        answer.map_err(|none| {
            let name = match none {
                NoAnswer::OutOfRange("arrivals_per_s") => "arrivals_per_hour",
                NoAnswer::OutOfRange(name) => name,
                NoAnswer::Unstable | NoAnswer::TooLong => "agents",
            };
            let reason = none.to_string();
            Unanswerable::from(BadParameter { name, reason })
        })
    }
}

impl Asked {
    fn read(parameters: &Parameters) -> Result<Self, BadParameter> {
        let agents = number(parameters, "agents")?;
        Ok(Self {
            arrivals_per_hour: wanted(parameters, "arrivals_per_hour")?,
            aht_s: wanted(parameters, "aht_s")?,
            agents: agents.map(whole).transpose()?,
            within_s: number(parameters, "within_s")?.unwrap_or(20.0),
            target: number(parameters, "target")?.unwrap_or(0.8),
            patience_s: number(parameters, "patience_s")?,
            shrinkage: number(parameters, "shrinkage")?.unwrap_or(0.0),
        })
    }

    fn answer(&self) -> Result<Answer, NoAnswer> {
        erlang::check(self.aht_s, self.patience_s, self.target)?;
        if self.arrivals_per_hour == 0.0 {
            return Ok(self.idle());
        }
        let per_s = self.arrivals_per_hour / 3_600.0;
        let (aht_s, target, within_s) = (self.aht_s, self.target, self.within_s);
        match (self.patience_s, self.agents) {
            (None, None) => Ok(self.patient(&ErlangC::for_target(per_s, aht_s, target, within_s)?)),
            (None, Some(agents)) => Ok(self.patient(&ErlangC::new(per_s, aht_s, agents)?)),
            (Some(patience_s), None) => {
                let formula = ErlangA::for_target(per_s, aht_s, patience_s, target, within_s)?;
                self.impatient(&formula, per_s * aht_s)
            }
            (Some(patience_s), Some(agents)) => {
                let formula = ErlangA::new(per_s, aht_s, agents, patience_s)?;
                self.impatient(&formula, per_s * aht_s)
            }
        }
    }

    /// An interval without contacts needs no agent, and meets every target.
    fn idle(&self) -> Answer {
        let agents = self.agents.unwrap_or(0);
        let impatient = self.patience_s.is_some();
        Answer {
            model: if impatient { "erlang_a" } else { "erlang_c" },
            erlangs: 0.0,
            agents,
            agents_planned: self.planned(agents),
            occupancy: 0.0,
            wait_probability: 0.0,
            asa_s: 0.0,
            service_level: 1.0,
            abandon_probability: 0.0,
        }
    }

    fn patient(&self, erlang: &ErlangC) -> Answer {
        Answer {
            model: "erlang_c",
            erlangs: erlang.erlangs(),
            agents: erlang.agents(),
            agents_planned: self.planned(erlang.agents()),
            occupancy: erlang.occupancy(),
            wait_probability: erlang.wait_probability(),
            asa_s: erlang.asa_s(),
            service_level: erlang.service_level(self.within_s),
            abandon_probability: 0.0,
        }
    }

    fn impatient(&self, erlang: &ErlangA, erlangs: f64) -> Result<Answer, NoAnswer> {
        let agents = erlang.agents();
        Ok(Answer {
            model: "erlang_a",
            erlangs,
            agents,
            agents_planned: self.planned(agents),
            occupancy: erlang.occupancy(),
            wait_probability: erlang.wait_probability(),
            asa_s: erlang.wait_s(),
            service_level: erlang.service_level(self.within_s)?,
            abandon_probability: erlang.abandon_probability(),
        })
    }

    fn planned(&self, agents: u32) -> Option<u32> {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "what is no share of 1000 hours saturates, and has no answer"
        )]
        let lost = (self.shrinkage * 1_000.0).round() as u16;
        with_shrinkage(agents, lost)
    }
}

fn wanted(parameters: &Parameters, name: &'static str) -> Result<f64, BadParameter> {
    number(parameters, name)?.ok_or_else(|| BadParameter {
        name,
        reason: "is wanted".to_owned(),
    })
}

fn number(parameters: &Parameters, name: &'static str) -> Result<Option<f64>, BadParameter> {
    let Some(text) = parameters.get(name) else {
        return Ok(None);
    };
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() && number >= 0.0 => Ok(Some(number)),
        _ => Err(BadParameter {
            name,
            reason: "is not a number from 0 on".to_owned(),
        }),
    }
}

fn whole(agents: f64) -> Result<u32, BadParameter> {
    let fits = agents.fract() == 0.0 && (1.0..=f64::from(AGENTS_MAX)).contains(&agents);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to be whole and within the bound"
    )]
    let whole = agents as u32;
    fits.then_some(whole).ok_or_else(|| BadParameter {
        name: "agents",
        reason: format!("is not a whole number from 1 to {AGENTS_MAX}"),
    })
}
