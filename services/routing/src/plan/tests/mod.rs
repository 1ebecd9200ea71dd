mod brute_force;
mod busy;
mod fairness;
mod next;
mod order;
mod refusal;
