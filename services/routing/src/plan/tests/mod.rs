mod brute_force;
mod fairness;
mod next;
mod order;
mod refusal;
