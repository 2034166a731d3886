//! Health checks for load balancers, without I/O.
