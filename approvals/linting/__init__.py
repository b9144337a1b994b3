"""What is doubtful about a policy, in words that need no engineer.

Each module looks for one kind of doubt in a policy and the staff it would meet; none reads a
table. Start at `selectors.policy_lint.lint_policy`.
"""
