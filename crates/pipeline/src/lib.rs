//! Library and environment to rendered, validated and tested bundle.
