//! What is known of exploitation, besides what scanners carry: CISA KEV and EPSS.
