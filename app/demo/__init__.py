"""A believable organisation for the first minute: templates, lists and sends that really went through the simulator."""
