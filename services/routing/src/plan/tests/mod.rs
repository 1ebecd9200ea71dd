mod brute_force;
mod next;
mod order;
mod refusal;
