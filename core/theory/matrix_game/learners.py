"""What each learner goes by, as a formula and in a sentence."""

FORMULAS = {  # the direction d of those that do not go by the slopes v alone, in LaTeX
    "alternating": r"d &= \bigl(v_0,\; v_1(a_0 + \eta v_0, a_1)\bigr)",
    "extragradient": r"d &= v(a + \eta v)",
    "optimistic": r"d &= 2 v - v_{\text{before}}",
    "lookahead": r"d &= v + \gamma J_o v",
    "consensus": r"d &= v - \gamma J^{\mathsf T} v",
    "symplectic": r"d &= v - \gamma A^{\mathsf T} v,\; A = \tfrac12 (J - J^{\mathsf T})",
    "lola": r"d_i &= v_i + \gamma \, \partial_j V_i \, \partial_i v_j",
}

WAYS = {  # what a learner does about the chase
    "naive": "Each update is a straight step off a curved orbit, and lands a little outside.",
    "alternating": "Here they take turns: player 1 sees where player 0 has gone.",
    "extragradient": "Here each tries a step and goes by the slopes found there.",
    "optimistic": "Here each goes on as its slope has just changed.",
    "lookahead": "Here each goes by the slope that it has after a step γ of the other.",
    "consensus": "Here each also makes both slopes smaller.",
    "symplectic": "Here each also goes across the part of the slopes that only turns.",
    "lola": "Here each reckons with the other's next step and sways it to its own good.",
}
