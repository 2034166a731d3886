//! The Linux kernel's IPVS load balancer over generic netlink.
