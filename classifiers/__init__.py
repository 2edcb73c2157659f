"""Facts about one document at a time: language, quality, addresses, licences, personal data."""
